package workload

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Pod is a pod, at one look.
type Pod struct {
	Name   string
	UID    types.UID
	Labels map[string]string
	// Node is where it runs; empty until it has a place.
	Node    string
	Created time.Time
	// Started is when its node took it up; zero before.
	Started time.Time
	// Ready pods take requests. A terminating one may still be ready.
	Ready bool
	// Terminating pods were told to end.
	Terminating bool
	// Finished pods have ended (succeeded, failed, evicted) and stay as a memory only.
	Finished bool
	// Current pods are of their Deployment's newest ReplicaSet.
	Current bool
	// Restarts counts those of the workload's own containers, not those of containers that others injected.
	Restarts int

	object *kinds.Pod
	own    containers
	owner  types.UID // of the ReplicaSet; empty when there is none
}

// containers are the names of the containers that a workload's template names: its own ones. All others in a pod were
// injected by others, such as a service mesh. None at all stands for a template that is not known: then all are own.
type containers []string

func containersOf(template kinds.PodSpec) containers {
	var names containers
	for _, container := range slices.Concat(template.Containers, template.InitContainers) {
		names = append(names, container.Name)
	}
	return names
}

func (c containers) has(name string) bool { return len(c) == 0 || slices.Contains(c, name) }

func podOf(object *kinds.Pod, own containers) Pod {
	pod := Pod{
		Name: object.Name, UID: object.UID, Labels: object.Labels, Node: object.Spec.NodeName,
		Created: object.CreationTimestamp.Time, Terminating: object.DeletionTimestamp != nil,
		Ready:    hasCondition(object.Status.Conditions, kinds.PodReady),
		Finished: object.Status.Phase == kinds.PodSucceeded || object.Status.Phase == kinds.PodFailed,
		object:   object, own: own,
	}
	if object.Status.StartTime != nil {
		pod.Started = object.Status.StartTime.Time
	}
	for _, status := range object.Status.ContainerStatuses {
		if own.has(status.Name) {
			pod.Restarts += int(status.RestartCount)
		}
	}
	return pod
}

// podsOf reads pods, each with the containers of its ReplicaSet's template.
func podsOf(deployments []kinds.Deployment, sets []kinds.ReplicaSet, objects []kinds.Pod) []Pod {
	newest := map[types.UID]bool{}
	for i := range deployments {
		if set := newestSet(&deployments[i], sets); set != nil {
			newest[set.UID] = true
		}
	}
	pods := make([]Pod, len(objects))
	for i := range objects {
		object := &objects[i]
		owner := controllerOf(object.ObjectMeta, "ReplicaSet")
		var own containers
		if at := slices.IndexFunc(sets, func(set kinds.ReplicaSet) bool { return set.UID == owner }); owner != "" && at >= 0 {
			own = containersOf(sets[at].Spec.Template.Spec)
		}
		pods[i] = podOf(object, own)
		pods[i].owner, pods[i].Current = owner, newest[owner]
	}
	return pods
}

// controllerOf is the UID of the owner of that kind; empty when there is none.
func controllerOf(meta metav1.ObjectMeta, kind string) types.UID {
	for _, reference := range meta.OwnerReferences {
		if reference.Kind == kind {
			return reference.UID
		}
	}
	return ""
}

func (p Pod) stale() bool {
	return p.owner != "" && !p.Finished && (p.Terminating || !p.Current) && !p.lost()
}

// lostAfter is how long after the end of its grace period a pod counts as lost; more than clocks differ.
const lostAfter = time.Minute

// lost pods were told to end on a node that does not answer. Nothing reaches them any more, and they stay in the API until
// the node comes back or is removed.
func (p Pod) lost() bool {
	return p.Terminating && !p.Ready && time.Since(p.object.DeletionTimestamp.Time) > lostAfter
}

// Digest is that of the image which a container runs, by the digest that the pod names; empty before the node has started
// it. The node held what it pulled against that digest. The digest that the node reports is for pods that name a tag only:
// it is the first of all under which the node ever pulled the same image, which is another one when two indexes share the
// image of its platform (https://github.com/containerd/containerd/issues/8408).
func (p Pod) Digest(container string) string {
	at := slices.IndexFunc(p.object.Status.ContainerStatuses, func(s kinds.ContainerStatus) bool { return s.Name == container })
	if at < 0 || p.object.Status.ContainerStatuses[at].ImageID == "" {
		return ""
	}
	for _, named := range p.object.Spec.Containers {
		if digest := digestOf(named.Image); named.Name == container && digest != "" {
			return digest
		}
	}
	return digestOf(p.object.Status.ContainerStatuses[at].ImageID)
}

// digestOf cuts the digest out of repository@sha256:….
func digestOf(reference string) string {
	_, digest, _ := strings.Cut(reference, "@")
	return digest
}

// Problem says what keeps the pod from being ready; empty when it is ready, or for no known reason.
func (p Pod) Problem() string {
	if p.Ready {
		return ""
	}
	found, ok := podProblem(p)
	switch {
	case ok && found.message == "":
		return found.reason
	case ok:
		return found.reason + ": " + found.message
	case p.Finished:
		return ended(p)
	}
	container, _ := p.unready()
	switch state := p.stateOf(container); {
	case state.Waiting != nil:
		return state.Waiting.Reason
	case state.Terminated != nil:
		return exitOf(state.Terminated)
	}
	return ""
}

func hasCondition(conditions []kinds.Condition, name string) bool {
	return slices.ContainsFunc(conditions, func(condition kinds.Condition) bool {
		return condition.Type == name && condition.Status == metav1.ConditionTrue
	})
}
