package clustertest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// reconcile plays the controllers of an object that has changed.
func (s *Server) reconcile(l location, object *cluster.Object) {
	if s.Idle {
		return
	}
	switch l.plural {
	case "jobs":
		s.reconcileJob(l, object)
	case "deployments":
		s.reconcileDeployment(l, object)
	case "statefulsets":
		s.reconcileStatefulSet(l, object)
	}
}

// reconcileDeployment gives a Deployment its ReplicaSet and pods. Pods of older ReplicaSets go as soon as the new ones are
// ready, as a rolling update does.
func (s *Server) reconcileDeployment(l location, deployment *cluster.Object) {
	hash := hashOf(nested(deployment, "spec", "template"))
	wanted := replicasOf(deployment)
	set := s.replicaSet(l, deployment, hash, wanted)
	ready := s.setPods(l.namespace, set, nested(deployment, "spec", "template"), wanted)
	total := wanted
	for _, other := range s.in(location{apiVersion: "apps/v1", namespace: l.namespace, plural: "replicasets"}) {
		object := s.objects[other]
		if !owned(object, deployment) || object.GetName() == set.GetName() {
			continue
		}
		if ready == wanted {
			s.setPods(l.namespace, object, nested(object, "spec", "template"), 0)
			s.status(other, map[string]any{"replicas": int64(0), "observedGeneration": object.GetGeneration()})
		} else {
			total += s.countPods(l.namespace, object)
		}
	}
	s.status(l, map[string]any{"observedGeneration": s.objects[l].GetGeneration(), "replicas": int64(total), "updatedReplicas": int64(wanted),
		"readyReplicas": int64(ready), "availableReplicas": int64(ready)})
}

func (s *Server) replicaSet(l location, deployment *cluster.Object, hash string, replicas int) *cluster.Object {
	at := location{apiVersion: "apps/v1", namespace: l.namespace, plural: "replicasets", name: deployment.GetName() + "-" + hash}
	template := nested(deployment, "spec", "template")
	set := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "ReplicaSet",
		"spec": map[string]any{"replicas": int64(replicas), "template": template}}}
	set.SetName(at.name)
	set.SetNamespace(at.namespace)
	labels := templateLabels(template)
	labels["pod-template-hash"] = hash
	set.SetLabels(labels)
	set.SetOwnerReferences(ownerReferences(deployment))
	revision := "1"
	if before := s.objects[at]; before != nil && deployment.GetAnnotations()["deployment.kubernetes.io/revision"] == before.GetAnnotations()["deployment.kubernetes.io/revision"] {
		revision = before.GetAnnotations()["deployment.kubernetes.io/revision"]
	} else if number, err := strconv.Atoi(deployment.GetAnnotations()["deployment.kubernetes.io/revision"]); err == nil {
		revision = strconv.Itoa(number + 1)
	}
	set.SetAnnotations(map[string]string{"deployment.kubernetes.io/revision": revision})
	stored := s.store(at, set)
	counted := s.objects[l].DeepCopy()
	annotations := counted.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["deployment.kubernetes.io/revision"] = revision
	counted.SetAnnotations(annotations)
	s.keep(l, counted)
	return stored
}

// setPods gives a ReplicaSet or StatefulSet as many pods, and counts the ready ones.
func (s *Server) setPods(namespace string, owner *cluster.Object, template any, wanted int) (ready int) {
	for _, l := range s.in(location{apiVersion: "v1", namespace: namespace, plural: "pods"}) {
		pod := s.objects[l]
		if !owned(pod, owner) {
			continue
		}
		if wanted == 0 {
			s.remove(l)
			continue
		}
		wanted--
		if isReady(pod) {
			ready++
		}
	}
	for range wanted {
		pod := s.newPod(namespace, owner, template)
		if isReady(pod) {
			ready++
		}
	}
	at := locationOf(cluster.RefOf(owner))
	status := map[string]any{"observedGeneration": owner.GetGeneration(), "availableReplicas": int64(ready), "readyReplicas": int64(ready), "replicas": int64(s.countPods(namespace, owner))}
	s.status(at, status)
	return ready
}

func (s *Server) newPod(namespace string, owner *cluster.Object, template any) *cluster.Object {
	s.pods++
	pod := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod"}}
	if spec, ok := template.(map[string]any); ok {
		pod.Object["spec"] = spec["spec"]
	}
	pod.SetName(s.podName(namespace, owner))
	pod.SetNamespace(namespace)
	labels := templateLabels(template)
	if hash := owner.GetLabels()["pod-template-hash"]; hash != "" {
		labels["pod-template-hash"] = hash
	}
	pod.SetLabels(labels)
	if annotations := templateMap(template, "annotations"); len(annotations) > 0 {
		pod.SetAnnotations(annotations)
	}
	pod.SetOwnerReferences(ownerReferences(owner))
	ready := s.Hanging == nil || !s.Hanging(labels)
	condition := "False"
	if ready {
		condition = "True"
	}
	var statuses []any
	containers, _ := nested(pod, "spec", "containers").([]any)
	for _, raw := range containers {
		container, _ := raw.(map[string]any)
		statuses = append(statuses, map[string]any{"name": container["name"], "image": container["image"], "imageID": container["image"],
			"ready": ready, "restartCount": int64(0), "state": map[string]any{"running": map[string]any{}}})
	}
	pod.Object["status"] = map[string]any{"phase": "Running", "containerStatuses": statuses,
		"conditions": []any{map[string]any{"type": "PodScheduled", "status": "True"}, map[string]any{"type": "Ready", "status": condition}}}
	return s.store(location{apiVersion: "v1", namespace: namespace, plural: "pods", name: pod.GetName()}, pod)
}

// podName is the name of an owner's next pod: those of a StatefulSet are numbered from 0.
func (s *Server) podName(namespace string, owner *cluster.Object) string {
	if owner.GetKind() != "StatefulSet" {
		return fmt.Sprintf("%s-%05d", owner.GetName(), s.pods)
	}
	for ordinal := 0; ; ordinal++ {
		name := fmt.Sprintf("%s-%d", owner.GetName(), ordinal)
		if s.objects[location{apiVersion: "v1", namespace: namespace, plural: "pods", name: name}] == nil {
			return name
		}
	}
}

// reconcileStatefulSet replaces the pods of a StatefulSet whose template has changed, all at once.
func (s *Server) reconcileStatefulSet(l location, set *cluster.Object) {
	template := nested(set, "spec", "template")
	hash := hashOf(template)
	if nested(set, "status", "updateRevision") != hash {
		s.setPods(l.namespace, set, template, 0)
	}
	wanted := replicasOf(set)
	ready := s.setPods(l.namespace, set, template, wanted)
	s.status(l, map[string]any{"observedGeneration": s.objects[l].GetGeneration(), "replicas": int64(wanted), "updatedReplicas": int64(wanted),
		"readyReplicas": int64(ready), "availableReplicas": int64(ready), "updateRevision": hash, "currentRevision": hash})
}

// status sets an object's status, without making its controllers look again.
func (s *Server) status(l location, status map[string]any) {
	object := s.objects[l]
	if object == nil {
		return
	}
	changed := object.DeepCopy()
	changed.Object["status"] = status
	s.keep(l, changed)
}

// keep stores what a controller wrote, if it changed anything.
func (s *Server) keep(l location, object *cluster.Object) {
	if same(s.objects[l], object) {
		return
	}
	s.version++
	object.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[l] = object
}

func (s *Server) countPods(namespace string, owner *cluster.Object) int {
	count := 0
	for l, pod := range s.objects {
		if l.plural == "pods" && l.namespace == namespace && owned(pod, owner) {
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

func owned(object, owner *cluster.Object) bool {
	for _, reference := range object.GetOwnerReferences() {
		if reference.UID == owner.GetUID() {
			return true
		}
	}
	return false
}

func templateLabels(template any) map[string]string { return templateMap(template, "labels") }

// templateMap is one of the maps of texts in a template's metadata.
func templateMap(template any, name string) map[string]string {
	fields, _ := template.(map[string]any)
	metadata, _ := fields["metadata"].(map[string]any)
	raw, _ := metadata[name].(map[string]any)
	texts := map[string]string{}
	for key, value := range maps.All(raw) {
		texts[key], _ = value.(string)
	}
	return texts
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

// SetStatus sets an object's status, as its controller would; for Server.After.
func (v View) SetStatus(ref cluster.Ref, status map[string]any) {
	v.server.status(locationOf(ref), status)
}
