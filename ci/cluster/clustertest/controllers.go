package clustertest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// reconcile plays the controllers of an object that has changed. What they write moves versions as any write does, and is no
// client's write.
func (s *Server) reconcile(l location, object *stored) {
	if s.Idle {
		return
	}
	switch l.kind.name {
	case "Deployment":
		s.reconcileDeployment(l)
	case "StatefulSet":
		s.reconcileStatefulSet(l)
	case "DaemonSet":
		s.reconcileDaemonSet(l)
	case "ReplicaSet", "Pod":
		s.reconcileOwners(l, object)
	case "Job":
		s.reconcileJob(l)
	case "PersistentVolumeClaim":
		s.status(l, map[string]any{"phase": "Bound"})
	}
}

func (s *Server) reconcileOwners(l location, object *stored) {
	for _, owner := range object.GetOwnerReferences() {
		if k := byName[owner.APIVersion][owner.Kind]; k != nil && k.name != "Job" {
			if at := (location{collection{k, l.namespace}, owner.Name, ""}); s.at(at) != nil {
				s.reconcile(at, s.at(at))
			}
		}
	}
}

// set changes one field of an object that a controller writes.
func (s *Server) set(l location, value any, fields ...string) *stored {
	object := s.at(l).DeepCopy()
	inner := object.Object
	for _, name := range fields[:len(fields)-1] {
		next, ok := inner[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			inner[name] = next
		}
		inner = next
	}
	inner[fields[len(fields)-1]] = value
	return s.keep(l, object)
}

// status sets an object's status.
func (s *Server) status(l location, status map[string]any) {
	kept := s.at(l)
	if kept == nil || reflect.DeepEqual(kept.Object.Object["status"], any(status)) {
		return
	}
	object := writable(kept.Object)
	object.Object["status"] = status
	s.keep(l, object)
}

// podsOf are the pods of an owner, the ready ones first.
func (s *Server) podsOf(owner *stored) []*stored {
	found := slices.DeleteFunc(s.in(collection{kindOf("v1", "Pod"), owner.GetNamespace()}), func(pod *stored) bool { return !isOwned(pod, owner) })
	slices.SortStableFunc(found, func(a, b *stored) int { return ready(b) - ready(a) })
	return found
}

func ready(pods ...*stored) int {
	count := 0
	for _, pod := range pods {
		if isReady(pod.Object) {
			count++
		}
	}
	return count
}

func isReady(pod *cluster.Object) bool {
	conditions, _ := nested(pod, "status", "conditions").([]any)
	for _, raw := range conditions {
		if condition, ok := raw.(map[string]any); ok && condition["type"] == "Ready" {
			return condition["status"] == "True"
		}
	}
	return false
}

// templateLabels are the labels of the pods that a template makes.
func templateLabels(template any) map[string]string {
	fields, _ := template.(map[string]any)
	metadata, _ := fields["metadata"].(map[string]any)
	return texts(metadata["labels"])
}

func replicasOf(object *cluster.Object) int {
	if count, ok := nested(object, "spec", "replicas").(int64); ok {
		return int(count)
	}
	return 1
}

func hashOf(template any) string {
	data, _ := json.Marshal(template)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:5])
}

// counts is a status without what is zero, as the server's types leave it out.
func counts(always map[string]any, counted map[string]int) map[string]any {
	for name, count := range counted {
		if count != 0 {
			always[name] = int64(count)
		}
	}
	return always
}

const revisionAnnotation = "deployment.kubernetes.io/revision"

func revisionOf(object *cluster.Object) int {
	number, _ := strconv.Atoi(object.GetAnnotations()[revisionAnnotation])
	return number
}
