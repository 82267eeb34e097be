//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/flows"
)

const (
	appLabel       = "app"
	nameLabel      = "app.kubernetes.io/name"
	componentLabel = "app.kubernetes.io/component"
	slotLabel      = "team-dashboard.app/slot"
)

// residents makes a namespace with the Pod Security level and the NetworkPolicies of an environment, all slots up, and
// returns a probe for each kind of pod that the environment has.
func residents(t *testing.T, environment string) []probe {
	t.Helper()
	namespace := "isolation-" + environment
	newNamespace(t, namespace)
	probes := []probe{
		job(environment, namespace, "rotation", ""), job(environment, namespace, "backup", ""),
		{End: flows.End{Name: "unlabelled"}, environment: environment, namespace: namespace, port: corev1.ContainerPort{ContainerPort: 3000}},
	}
	for _, slot := range slotsOf(t, environment) {
		probes = append(probes, job(environment, namespace, "smoke", slot))
	}
	var policies []any
	for _, object := range rendered(t, environment) {
		switch object.GetKind() {
		case "Namespace":
			labels := object.GetLabels()
			kubectl(t, "label", "namespace", namespace, "pod-security.kubernetes.io/enforce="+labels["pod-security.kubernetes.io/enforce"])
		case "NetworkPolicy":
			object.SetNamespace(namespace)
			policies = append(policies, object)
		case "Deployment", "StatefulSet":
			probes = append(probes, standIn(t, object, environment, namespace))
		}
	}
	require.NotEmpty(t, policies)
	apply(t, policies...)
	return probes
}

// rendered are all objects of an environment, with all of its slots.
func rendered(t *testing.T, environment string) []*unstructured.Unstructured {
	t.Helper()
	folders := []string{"platform", "data"}
	for _, slot := range slotsOf(t, environment) {
		if slot == "" {
			folders = append(folders, "slot")
		} else {
			folders = append(folders, "slots/"+slot)
		}
	}
	var objects []*unstructured.Unstructured
	for _, folder := range folders {
		for text := range strings.SplitSeq(kubectl(t, "kustomize", "k8s/environments/"+environment+"/"+folder), "\n---\n") {
			object := &unstructured.Unstructured{}
			require.NoError(t, yaml.Unmarshal([]byte(text), &object.Object))
			objects = append(objects, object)
		}
	}
	return objects
}

// slotsOf are the slots of an environment, or an empty one.
func slotsOf(t *testing.T, name string) []string {
	t.Helper()
	environment, err := config.TeamDashboard().Environment(name)
	require.NoError(t, err)
	if len(environment.Slots) == 0 {
		return []string{""}
	}
	return environment.Slots
}

// standIn stands for the pods that a Deployment or StatefulSet makes: their labels, and their port by name and number.
func standIn(t *testing.T, object *unstructured.Unstructured, environment, namespace string) probe {
	t.Helper()
	var workload struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	}
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &workload))
	template := workload.Spec.Template
	p := probe{environment: environment, namespace: namespace, labels: template.Labels, port: template.Spec.Containers[0].Ports[0]}
	p.Name, p.Slot = template.Labels[appLabel], template.Labels[slotLabel]
	if template.Labels[componentLabel] == "service" {
		p.Group = "services"
	}
	return p
}

// job stands for the pods of the pipeline's Jobs, which all listen to nobody.
func job(environment, namespace, name, slot string) probe {
	labels := map[string]string{appLabel: name, nameLabel: name, componentLabel: name}
	if slot != "" {
		labels[slotLabel] = slot
	}
	return probe{End: flows.End{Name: name, Slot: slot}, environment: environment, namespace: namespace, labels: labels,
		port: corev1.ContainerPort{Name: "http", ContainerPort: 3000}}
}

// strangers are probes of everybody else. All carry a label of the services, which must not help them outside of an
// environment.
func strangers(t *testing.T) []probe {
	t.Helper()
	const elsewhere = "isolation-elsewhere"
	newNamespace(t, elsewhere)
	newNamespace(t, watching)
	stranger := func(name, namespace, key, value string) probe {
		return probe{End: flows.End{Name: name}, namespace: namespace, labels: map[string]string{key: value, componentLabel: "service"},
			port: corev1.ContainerPort{Name: "http", ContainerPort: 3000}}
	}
	return []probe{
		stranger("konnectivity agents", "kube-system", "k8s-app", "konnectivity-agent"),
		stranger("system pod", "kube-system", "k8s-app", "other"),
		stranger("ingress controller", "ingress-nginx", appLabel, "any"),
		stranger("prometheus", watching, nameLabel, "prometheus"),
		stranger("alertmanager", watching, nameLabel, "alertmanager"),
		stranger("stranger", elsewhere, appLabel, "dashboard"),
		stranger("false prometheus", elsewhere, nameLabel, "prometheus"),
	}
}

// newNamespace makes a namespace of the test's own, and takes it away when it ends.
func newNamespace(t *testing.T, name string) {
	t.Helper()
	vacate(t, name)
	kubectl(t, "create", "namespace", name)
	t.Cleanup(func() { kubectl(t, "delete", "namespace", name, "--wait=false") })
}
