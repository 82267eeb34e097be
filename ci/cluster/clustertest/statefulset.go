package clustertest

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// reconcileStatefulSet replaces pods from the last to the first, each when the one before it is ready.
func (s *Server) reconcileStatefulSet(l location) {
	set := s.at(l)
	template := nested(set.Object, "spec", "template")
	revision := l.name + "-" + hashOf(template)
	labels := map[string]string{"controller-revision-hash": revision}
	wanted := replicasOf(set.Object)
	for _, pod := range s.podsOf(set) {
		if ordinalOf(pod) >= wanted {
			s.remove(locationOf(cluster.RefOf(pod.Object)))
		}
	}
	healthy := true
	for ordinal := range wanted {
		healthy = healthy && s.member(set, ordinal, template, labels, false)
	}
	for ordinal := wanted - 1; ordinal >= 0 && healthy; ordinal-- {
		healthy = s.member(set, ordinal, template, labels, true)
	}
	s.setStatus(l, revision)
}

func ordinalOf(pod *stored) int {
	number, _ := strconv.Atoi(pod.GetName()[strings.LastIndex(pod.GetName(), "-")+1:])
	return number
}

// member makes a pod of a StatefulSet if there is none, or one of another revision when told to, and says whether it is ready.
func (s *Server) member(set *stored, ordinal int, template any, labels map[string]string, replace bool) bool {
	name := set.GetName() + "-" + strconv.Itoa(ordinal)
	at := location{collection{kindOf("v1", "Pod"), set.GetNamespace()}, name, ""}
	pod := s.at(at)
	if pod != nil && (!replace || pod.labels["controller-revision-hash"] == labels["controller-revision-hash"]) {
		return isReady(pod.Object)
	}
	s.remove(at)
	s.claims(set, ordinal)
	s.pods++
	labels = maps.Clone(labels)
	labels["apps.kubernetes.io/pod-index"], labels["statefulset.kubernetes.io/pod-name"] = strconv.Itoa(ordinal), name
	return isReady(s.newPod(set, name, template, labels).Object)
}

// claims are the volumes of a pod of a StatefulSet; they outlive it.
func (s *Server) claims(set *stored, ordinal int) {
	templates, _ := nested(set.Object, "spec", "volumeClaimTemplates").([]any)
	for _, raw := range templates {
		template, _ := raw.(map[string]any)
		metadata, _ := template["metadata"].(map[string]any)
		claim := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": template["spec"], "status": map[string]any{"phase": "Bound"}}}
		claim.SetName(fmt.Sprintf("%s-%s-%d", metadata["name"], set.GetName(), ordinal))
		claim.SetNamespace(set.GetNamespace())
		claim.SetLabels(texts(nested(set.Object, "spec", "selector", "matchLabels")))
		if at := locationOf(cluster.RefOf(claim)); s.at(at) == nil {
			s.keep(at, claim)
		}
	}
}

func (s *Server) setStatus(l location, revision string) {
	pods := s.podsOf(s.at(l))
	updated := 0
	for _, pod := range pods {
		if pod.labels["controller-revision-hash"] == revision {
			updated++
		}
	}
	current, _ := nested(s.at(l).Object, "status", "currentRevision").(string)
	if current == "" || updated == len(pods) && ready(pods...) == len(pods) {
		current = revision
	}
	status := counts(map[string]any{"observedGeneration": s.at(l).GetGeneration(), "replicas": int64(len(pods)), "availableReplicas": int64(ready(pods...)),
		"updateRevision": revision, "currentRevision": current, "collisionCount": int64(0)}, map[string]int{"readyReplicas": ready(pods...), "updatedReplicas": updated})
	if current == revision {
		counts(status, map[string]int{"currentReplicas": updated})
	}
	s.status(l, status)
}
