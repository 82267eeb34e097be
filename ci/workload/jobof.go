package workload

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// JobOf is a Job for RunJob that runs another command in the pod of a CronJob, which has one container.
func JobOf(cronJob *cluster.Object, name string, command ...string) (*cluster.Object, error) {
	template, found, err := unstructured.NestedMap(cronJob.Object, "spec", "jobTemplate", "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("reading %s: it has no pod template", cluster.RefOf(cronJob))
	}
	containers, _, _ := unstructured.NestedSlice(template, "spec", "containers")
	if len(containers) != 1 {
		return nil, fmt.Errorf("reading %s: it has %d containers, not one", cluster.RefOf(cronJob), len(containers))
	}
	_ = unstructured.SetNestedStringSlice(containers[0].(map[string]any), command, "command")
	_ = unstructured.SetNestedSlice(template, containers, "spec", "containers")
	_ = unstructured.SetNestedField(template, "Never", "spec", "restartPolicy")
	job := &cluster.Object{Object: map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"spec": map[string]any{"backoffLimit": int64(0), "template": template},
	}}
	job.SetName(name)
	job.SetNamespace(cronJob.GetNamespace())
	job.SetLabels(cronJob.GetLabels())
	return job, nil
}
