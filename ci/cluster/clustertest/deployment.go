package clustertest

import (
	"maps"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// reconcileDeployment rolls a Deployment as far as it goes: as many new pods as its strategy allows, and as many old ones
// fewer as new ones are ready, again and again until nothing moves.
func (s *Server) reconcileDeployment(l location) {
	deployment := s.at(l)
	newest := s.replicaSet(l, deployment)
	paused := nested(deployment.Object, "spec", "paused") == true
	if !paused {
		newest = s.newReplicaSet(l, deployment, newest)
	}
	for !paused && s.roll(l, s.at(newest)) {
	}
	s.deploymentStatus(l, newest)
}

// replicaSet is where the ReplicaSet of a Deployment's template is, or would be.
func (s *Server) replicaSet(l location, deployment *stored) location {
	hash := hashOf(nested(deployment.Object, "spec", "template"))
	return location{collection{kindOf("apps/v1", "ReplicaSet"), l.namespace}, l.name + "-" + hash, ""}
}

// newReplicaSet makes that ReplicaSet the newest one.
func (s *Server) newReplicaSet(l location, deployment *stored, at location) location {
	highest := 0
	for _, set := range s.replicaSets(deployment) {
		if set.GetName() != at.name {
			highest = max(highest, revisionOf(set.Object))
		}
	}
	hash := strings.TrimPrefix(at.name, l.name+"-")
	if s.at(at) == nil {
		set := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet", "spec": map[string]any{
			"replicas": int64(s.next(deployment, at.name)), "selector": map[string]any{"matchLabels": withHash(nested(deployment.Object, "spec", "selector", "matchLabels"), hash)},
			"template": hashed(nested(deployment.Object, "spec", "template"), hash)}}}
		set.SetName(at.name)
		set.SetNamespace(at.namespace)
		labels := templateLabels(nested(deployment.Object, "spec", "template"))
		labels[hashLabel] = hash
		set.SetLabels(labels)
		set.SetOwnerReferences(ownerReferences(deployment))
		s.keep(at, set)
	}
	if revisionOf(s.at(at).Object) <= highest || revisionOf(deployment.Object) != revisionOf(s.at(at).Object) {
		revision := strconv.Itoa(max(highest+1, revisionOf(s.at(at).Object)))
		s.set(at, revision, "metadata", "annotations", revisionAnnotation)
		s.annotate(l, revision)
	}
	return at
}

// annotate notes the revision in a Deployment. Its controller does so without a new generation's being observed by anybody.
func (s *Server) annotate(l location, revision string) {
	if s.at(l).GetAnnotations()[revisionAnnotation] != revision {
		s.set(l, revision, "metadata", "annotations", revisionAnnotation)
	}
}

const hashLabel = "pod-template-hash"

// hashed is a template whose pods are told from those of others.
func hashed(template any, hash string) any {
	fields, _ := template.(map[string]any)
	metadata, _ := fields["metadata"].(map[string]any)
	fields, metadata = maps.Clone(fields), maps.Clone(orEmpty(metadata))
	metadata["labels"] = withHash(metadata["labels"], hash)
	fields["metadata"] = metadata
	return fields
}

func withHash(labels any, hash string) map[string]any {
	known, _ := labels.(map[string]any)
	known = maps.Clone(orEmpty(known))
	known[hashLabel] = hash
	return known
}

// replicaSets are those of a Deployment.
func (s *Server) replicaSets(deployment *stored) []*stored {
	var found []*stored
	for _, set := range s.in(collection{kindOf("apps/v1", "ReplicaSet"), deployment.GetNamespace()}) {
		if isOwned(set, deployment) {
			found = append(found, set)
		}
	}
	return found
}

// next is how many pods the newest ReplicaSet is to have: all, unless the strategy has it wait for older ones to go.
func (s *Server) next(deployment *stored, newest string) int {
	wanted := replicasOf(deployment.Object)
	surge, _ := bounds(deployment.Object, wanted)
	now, total, older := 0, 0, false
	for _, set := range s.replicaSets(deployment) {
		count := len(s.podsOf(set))
		total += count
		if set.GetName() == newest {
			now = count
		} else {
			older = older || count > 0
		}
	}
	if now < wanted && older {
		return min(wanted, now+max(wanted+surge-total, 0))
	}
	return wanted
}

// roll moves a Deployment by one step, and says whether it moved.
func (s *Server) roll(l location, newest *stored) bool {
	deployment := s.at(l)
	wanted := replicasOf(deployment.Object)
	_, unavailable := bounds(deployment.Object, wanted)
	moved := s.replicas(newest, s.next(deployment, newest.GetName()))
	var old []*stored
	available := 0
	for _, set := range s.replicaSets(deployment) {
		available += ready(s.podsOf(set)...)
		if set.GetName() != newest.GetName() {
			old = append(old, set)
		}
	}
	return s.shrink(old, available-(wanted-unavailable)) || moved
}

// shrink takes pods of old ReplicaSets away: those that are not ready at once, of the others as many as may go.
func (s *Server) shrink(old []*stored, spare int) bool {
	moved := false
	for _, set := range old {
		pods := s.podsOf(set)
		stay := max(ready(pods...)-max(spare, 0), 0)
		if len(pods) == stay && replicasOf(set.Object) == stay {
			continue
		}
		spare -= ready(pods...) - stay
		moved = s.replicas(set, stay) || moved
	}
	return moved
}

// replicas gives a ReplicaSet as many pods, and says whether it had others.
func (s *Server) replicas(set *stored, wanted int) bool {
	at := locationOf(cluster.RefOf(set.Object))
	pods := s.podsOf(set)
	for i := len(pods); i < wanted; i++ {
		s.pods++
		s.newPod(set, set.GetName()+"-"+suffix(s.pods), nested(set.Object, "spec", "template"), nil)
	}
	for _, pod := range pods[min(wanted, len(pods)):] {
		s.remove(locationOf(cluster.RefOf(pod.Object)))
	}
	s.set(at, int64(wanted), "spec", "replicas")
	now := s.podsOf(set)
	s.status(at, counts(map[string]any{"observedGeneration": s.at(at).GetGeneration(), "replicas": int64(len(now))},
		map[string]int{"fullyLabeledReplicas": len(now), "readyReplicas": ready(now...), "availableReplicas": ready(now...)}))
	return len(pods) != wanted
}

// bounds are how many pods more and fewer than wanted a rolling update may have; both are zero for Recreate.
func bounds(deployment *cluster.Object, wanted int) (surge, unavailable int) {
	strategy := objectAt(deployment, "spec", "strategy")
	if strategy["type"] == "Recreate" {
		return 0, wanted
	}
	rolling, _ := strategy["rollingUpdate"].(map[string]any)
	surge, unavailable = share(rolling["maxSurge"], wanted, math.Ceil), share(rolling["maxUnavailable"], wanted, math.Floor)
	if surge == 0 && unavailable == 0 {
		unavailable = 1
	}
	return surge, unavailable
}

// share is a number of pods, or a percentage of them.
func share(value any, of int, round func(float64) float64) int {
	if number, ok := value.(int64); ok {
		return int(number)
	}
	text, _ := value.(string)
	percent, _ := strconv.Atoi(strings.TrimSuffix(text, "%"))
	return int(round(float64(of*percent) / 100))
}

func (s *Server) deploymentStatus(l location, newest location) {
	deployment := s.at(l)
	total, available, updated := 0, 0, 0
	for _, set := range s.replicaSets(deployment) {
		pods := s.podsOf(set)
		total += len(pods)
		available += ready(pods...)
		if set.GetName() == newest.name {
			updated = len(pods)
		}
	}
	wanted := replicasOf(deployment.Object)
	_, unavailable := bounds(deployment.Object, wanted)
	status := counts(map[string]any{"observedGeneration": deployment.GetGeneration()}, map[string]int{"replicas": total, "updatedReplicas": updated,
		"readyReplicas": available, "availableReplicas": available, "unavailableReplicas": total - available})
	enough := condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
	if available < wanted-unavailable {
		enough = condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
	}
	if nested(deployment.Object, "spec", "paused") == true {
		status["conditions"] = s.since(deployment.Object, condition("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused"), enough)
		s.status(l, status)
		return
	}
	progress := condition("Progressing", "True", "NewReplicaSetAvailable", `ReplicaSet "`+newest.name+`" has successfully progressed.`)
	if updated < wanted || total > updated || available < updated {
		progress = condition("Progressing", "True", "ReplicaSetUpdated", `ReplicaSet "`+newest.name+`" is progressing.`)
	}
	status["conditions"] = s.since(deployment.Object, enough, progress)
	s.status(l, status)
}

func condition(name, status, reason, message string) map[string]any {
	return map[string]any{"type": name, "status": status, "reason": reason, "message": message}
}

// since gives conditions the times that they had, where they are as they were.
func (s *Server) since(object *cluster.Object, conditions ...map[string]any) []any {
	known, _ := nested(object, "status", "conditions").([]any)
	now := time.Now().UTC().Format(time.RFC3339)
	dated := make([]any, len(conditions))
	for i, wanted := range conditions {
		wanted["lastTransitionTime"], wanted["lastUpdateTime"] = now, now
		for _, raw := range known {
			before, _ := raw.(map[string]any)
			if before["type"] != wanted["type"] || before["status"] != wanted["status"] {
				continue
			}
			wanted["lastTransitionTime"] = before["lastTransitionTime"]
			if before["reason"] == wanted["reason"] && before["message"] == wanted["message"] {
				wanted["lastUpdateTime"] = before["lastUpdateTime"]
			}
		}
		dated[i] = wanted
	}
	return dated
}
