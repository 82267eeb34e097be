package preflight

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// owners are the kinds that make pods, and what then owns the pods.
var owners = map[string]struct{ apiVersion, kind string }{
	"Deployment":  {"apps/v1", "ReplicaSet"},
	"ReplicaSet":  {"apps/v1", "ReplicaSet"},
	"StatefulSet": {"apps/v1", "StatefulSet"},
	"DaemonSet":   {"apps/v1", "DaemonSet"},
	"Job":         {"batch/v1", "Job"},
	"CronJob":     {"batch/v1", "Job"},
}

// podOf is a pod as a workload's controller would make it; nil for what makes no pods.
func podOf(workload *cluster.Object) *cluster.Object {
	owner, ok := owners[workload.GetKind()]
	if !ok {
		return nil
	}
	path := []string{"spec", "template"}
	if workload.GetKind() == "CronJob" {
		path = []string{"spec", "jobTemplate", "spec", "template"}
	}
	template, _, _ := unstructured.NestedMap(workload.Object, path...)
	pod := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": template["spec"]}}
	made := &cluster.Object{Object: template}
	pod.SetGenerateName(workload.GetName() + "-")
	pod.SetNamespace(workload.GetNamespace())
	pod.SetLabels(made.GetLabels())
	pod.SetAnnotations(made.GetAnnotations())
	// Some clusters admit no pod that nobody owns. The owner need not exist, as nothing is stored.
	_ = unstructured.SetNestedSlice(pod.Object, []any{map[string]any{"apiVersion": owner.apiVersion, "kind": owner.kind,
		"name": workload.GetName(), "uid": "00000000-0000-4000-8000-000000000000", "controller": true}}, "metadata", "ownerReferences")
	addClaims(pod, workload)
	return pod
}

// addClaims adds the volumes that a StatefulSet makes of its claim templates; the containers mount them.
func addClaims(pod, workload *cluster.Object) {
	claims, _, _ := unstructured.NestedSlice(workload.Object, "spec", "volumeClaimTemplates")
	volumes, _, _ := unstructured.NestedSlice(pod.Object, "spec", "volumes")
	for _, entry := range claims {
		if fields, ok := entry.(map[string]any); ok {
			name := (&cluster.Object{Object: fields}).GetName()
			volumes = append(volumes, map[string]any{"name": name,
				"persistentVolumeClaim": map[string]any{"claimName": name + "-" + workload.GetName() + "-0"}})
		}
	}
	if len(claims) > 0 {
		_ = unstructured.SetNestedSlice(pod.Object, volumes, "spec", "volumes")
	}
}
