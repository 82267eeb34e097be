package monitoring

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
)

func rendered(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	objects, err := render.Kustomization(context.Background(), manifests, Folder)
	require.NoError(t, err)
	return objects
}

func text(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(manifests, "monitoring", path))
	require.NoError(t, err)
	return string(data)
}

func TestEveryFrontDoorIsProbed(t *testing.T) {
	var doors []struct {
		Targets []string          `json:"targets"`
		Labels  map[string]string `json:"labels"`
	}
	read(t, filepath.Join(manifests, "monitoring/prometheus/front-doors.yml"), &doors)
	probed := map[string][]string{}
	for _, door := range doors {
		probed[door.Labels["namespace"]] = door.Targets
	}
	want := map[string][]string{}
	for _, environment := range config.TeamDashboard().Environments {
		for _, host := range environment.Hosts {
			want[environment.Namespace] = append(want[environment.Namespace], "https://"+host+"/")
		}
	}
	assert.Equal(t, want, probed)
}

// The namespaces of the environments are written in several places of the manifests; each must know all of them.
func TestEveryEnvironmentIsWatched(t *testing.T) {
	policy := text(t, "network-policies/prometheus.yaml")
	for _, environment := range config.TeamDashboard().Environments {
		assert.Regexp(t, `names: \[.*`+environment.Namespace+`\b`, text(t, "prometheus/prometheus.yml"))
		assert.Regexp(t, `values: \[.*`+environment.Namespace+`\b`, policy)
	}
}

// Alertmanager reads its keys from the files of the Secret that `secrets create` makes, and holds none itself.
func TestTheReceiversKeysAreFilesOfTheSecret(t *testing.T) {
	configuration := text(t, "alertmanager/alertmanager.yml")
	secret := config.TeamDashboard().Monitoring.Secrets[0]
	for _, key := range secret.Keys {
		assert.Contains(t, configuration, "_file: /etc/alertmanager/secrets/"+secret.Name+"/"+key.Name+"\n")
	}
	assert.NotRegexp(t, regexp.MustCompile(`(?m)^[ -]*(api_url|routing_key|service_key|password|bearer_token): `), configuration)
	assert.Contains(t, text(t, "alertmanager/deployment.yaml"), "secretName: "+secret.Name+"\n")
}

// Every namespace is of the strictest level but node-exporter's, and there is nothing else in that one.
func TestOnlyNodeExporterMayLookAtTheHost(t *testing.T) {
	for _, object := range rendered(t) {
		level := object.GetLabels()["pod-security.kubernetes.io/enforce"]
		volumes, _, _ := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "volumes")
		for _, volume := range volumes {
			if _, host := volume.(map[string]any)["hostPath"]; host {
				assert.Equal(t, "node-exporter", object.GetName())
			}
		}
		switch {
		case object.GetKind() != "Namespace" && object.GetNamespace() == "team-dashboard-node-exporter":
			assert.Contains(t, []string{"node-exporter", "prometheus"}, object.GetName(), object.GetKind())
		case object.GetName() == "team-dashboard-node-exporter":
			assert.Equal(t, "privileged", level)
		case object.GetKind() == "Namespace":
			assert.Equal(t, "restricted", level)
		}
	}
}

func TestNobodyMayMoreThanRead(t *testing.T) {
	for _, object := range rendered(t) {
		rules, _, _ := unstructured.NestedSlice(object.Object, "rules")
		for _, rule := range rules {
			verbs, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "verbs")
			resources, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), "resources")
			assert.Subset(t, []string{"get", "list", "watch"}, verbs, object.GetName())
			for _, forbidden := range []string{"*", "secrets", "configmaps", "nodes/proxy", "pods/log"} {
				assert.NotContains(t, resources, forbidden, object.GetName())
			}
		}
	}
}

// `kubectl apply` by hand keeps the whole object in an annotation, which may have 256 KiB.
func TestEveryObjectCanBeAppliedByHand(t *testing.T) {
	for _, object := range rendered(t) {
		data, err := object.MarshalJSON()
		require.NoError(t, err)
		assert.Less(t, len(data), 256<<10, "%s %s", object.GetKind(), object.GetName())
		assert.NotEqual(t, "Secret", object.GetKind())
		assert.True(t, strings.HasPrefix(object.GetNamespace(), "team-dashboard-") || object.GetNamespace() == "", object.GetName())
	}
}
