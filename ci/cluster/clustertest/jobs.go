package clustertest

import (
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Ran is what the container of a Job did.
type Ran struct {
	Log      string
	ExitCode int64
}

// reconcileJob lets a new Job run at once, as Server.RunJob says. Without that its pod stays where it is: nowhere.
func (s *Server) reconcileJob(l location, job *cluster.Object) {
	if s.RunJob == nil || nested(job, "status", "conditions") != nil {
		return
	}
	ran := s.RunJob(job)
	template := nested(job, "spec", "template")
	s.pods++
	pod := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": nested(job, "spec", "template", "spec")}}
	pod.SetName(fmt.Sprintf("%s-%05d", job.GetName(), s.pods))
	pod.SetNamespace(l.namespace)
	labels := templateLabels(template)
	labels["batch.kubernetes.io/job-name"] = job.GetName()
	pod.SetLabels(labels)
	pod.SetOwnerReferences(ownerReferences(job))
	ended, phase := "Complete", "Succeeded"
	if ran.ExitCode != 0 {
		ended, phase = "Failed", "Failed"
	}
	var statuses []any
	containers, _ := nested(pod, "spec", "containers").([]any)
	for _, raw := range containers {
		container, _ := raw.(map[string]any)
		statuses = append(statuses, map[string]any{"name": container["name"], "state": map[string]any{"terminated": map[string]any{"exitCode": ran.ExitCode}}})
	}
	pod.Object["status"] = map[string]any{"phase": phase, "containerStatuses": statuses}
	s.store(location{apiVersion: "v1", namespace: l.namespace, plural: "pods", name: pod.GetName()}, pod)
	s.print(l.namespace, pod.GetName(), ran.Log)
	s.status(l, map[string]any{"conditions": []any{map[string]any{"type": ended, "status": "True"}}})
}
