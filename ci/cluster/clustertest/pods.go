package clustertest

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// newPod makes a pod of a template, which the node starts at once.
func (s *Server) newPod(owner *stored, name string, template any, labels map[string]string) *stored {
	fields, _ := template.(map[string]any)
	spec, _ := fields["spec"].(map[string]any)
	spec = maps.Clone(orEmpty(spec))
	spec["nodeName"] = "node-1"
	pod := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{}, "spec": spec}}
	if metadata, ok := fields["metadata"].(map[string]any); ok && metadata["annotations"] != nil {
		pod.Object["metadata"] = map[string]any{"annotations": metadata["annotations"]}
	}
	all := templateLabels(template)
	maps.Copy(all, labels)
	pod.SetLabels(all)
	pod.SetName(name)
	pod.SetNamespace(owner.GetNamespace())
	pod.SetOwnerReferences(ownerReferences(owner))
	if at := strings.LastIndex(name, "-"); owner.GetKind() != "StatefulSet" {
		pod.SetGenerateName(name[:at+1])
	}
	pod.Object["status"] = s.running(pod, s.Hanging == nil || !s.Hanging(all))
	return s.keep(locationOf(cluster.RefOf(pod)), pod)
}

// running is the status of a pod that runs, ready or not.
func (s *Server) running(pod *cluster.Object, ready bool) map[string]any {
	now, verdict := time.Now().UTC().Format(time.RFC3339), "False"
	if ready {
		verdict = "True"
	}
	var conditions []any
	for _, name := range []string{"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"} {
		status := map[string]any{"type": name, "status": "True", "lastProbeTime": nil, "lastTransitionTime": now}
		if strings.HasSuffix(name, "Ready") {
			status["status"] = verdict
		}
		conditions = append(conditions, status)
	}
	address := fmt.Sprintf("10.42.%d.%d", s.pods/250%250, s.pods%250+1)
	return map[string]any{"phase": "Running", "conditions": conditions, "startTime": now, "hostIP": "10.0.0.1", "podIP": address,
		"podIPs": []any{map[string]any{"ip": address}}, "qosClass": "Burstable", "containerStatuses": containerStatuses(pod, ready, map[string]any{"running": map[string]any{"startedAt": now}})}
}

func containerStatuses(pod *cluster.Object, ready bool, state map[string]any) []any {
	var statuses []any
	containers, _ := nested(pod, "spec", "containers").([]any)
	for _, raw := range containers {
		container, _ := raw.(map[string]any)
		image, _ := container["image"].(string)
		statuses = append(statuses, map[string]any{"name": container["name"], "image": image, "imageID": imageID(image), "ready": ready, "started": state["running"] != nil,
			"restartCount": int64(0), "lastState": map[string]any{}, "state": state})
	}
	return statuses
}

// imageID is the digest that a node pulls for an image: the one that it names, or one of its own for each tag.
func imageID(image string) string {
	name, digest, pinned := strings.Cut(image, "@")
	if at := strings.LastIndex(name, ":"); at > strings.LastIndex(name, "/") {
		name = name[:at]
	}
	if !pinned {
		digest = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(image)))
	}
	return name + "@" + digest
}
