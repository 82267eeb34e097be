package workload

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// StatefulSet is a StatefulSet with its pods.
type StatefulSet struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
	UID         types.UID
	Generation  int64
	// Desired is how many pods are asked for.
	Desired int
	// Ready and Available count pods of the newest revision, once the controller has seen the newest specification.
	Ready     int
	Available int
	// Complete is that of a Deployment.
	Complete bool
	// Pods are all that have not ended, of whichever revision: a broken old one is in the way of its successor.
	Pods []Pod
}

// ReadStatefulSet looks at one StatefulSet and its pods. cluster.IsNotFound tells that there is none.
func ReadStatefulSet(ctx context.Context, api *cluster.Cluster, namespace, name string) (StatefulSet, error) {
	var set kinds.StatefulSet
	ref := cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: namespace, Name: name}
	if err := api.GetInto(ctx, ref, &set); err != nil {
		return StatefulSet{}, err
	}
	var pods kinds.List[kinds.Pod]
	if err := api.ListInto(ctx, "v1", "Pod", namespace, "", &pods); err != nil {
		return StatefulSet{}, err
	}
	return statefulSetOf(&set, pods.Items), nil
}

func statefulSetOf(set *kinds.StatefulSet, pods []kinds.Pod) StatefulSet {
	now := statefulSetState(set, nil)
	found := StatefulSet{Name: set.Name, Labels: set.Labels, Annotations: set.Annotations, UID: set.UID, Generation: set.Generation,
		Desired: now.desired, Available: now.ready, Complete: now.complete}
	own := containersOf(set.Spec.Template.Spec)
	for i := range pods {
		if !ownedBy(pods[i].ObjectMeta, set.UID) {
			continue
		}
		pod := podOf(&pods[i], own)
		pod.Current = set.Status.ObservedGeneration >= set.Generation && pod.Labels[podRevision] == set.Status.UpdateRevision
		if pod.Finished {
			continue
		}
		found.Pods = append(found.Pods, pod)
		if pod.Ready && pod.Current && !pod.Terminating {
			found.Ready++
		}
	}
	return found
}

// podRevision is where the StatefulSet controller writes a pod's revision.
const podRevision = "controller-revision-hash"

// statefulSetStates looks at StatefulSets, and at the pods of those that are not complete yet.
func statefulSetStates(ctx context.Context, api *cluster.Cluster, namespace string, names []string) ([]state, error) {
	var sets kinds.List[kinds.StatefulSet]
	if err := api.ListInto(ctx, "apps/v1", "StatefulSet", namespace, "", &sets); err != nil {
		return nil, err
	}
	var pods kinds.List[kinds.Pod]
	if err := api.ListInto(ctx, "v1", "Pod", namespace, "", &pods); err != nil {
		return nil, err
	}
	wanted, err := named("StatefulSet", namespace, names, sets.Items)
	if err != nil {
		return nil, err
	}
	states := make([]state, len(wanted))
	for i := range wanted {
		states[i] = statefulSetState(&wanted[i], pods.Items)
	}
	return states, nil
}

// statefulSetState judges a StatefulSet by its own status and that of its pods, old ones too: a broken one is in the way
// of the one that is to follow it.
func statefulSetState(set *kinds.StatefulSet, pods []kinds.Pod) state {
	status, desired := set.Status, replicas(set.Spec)
	found := state{kind: "StatefulSet", name: set.Name, desired: desired}
	if status.ObservedGeneration < set.Generation {
		return found // the rest is of an earlier specification
	}
	found.ready = int(min(status.AvailableReplicas, status.UpdatedReplicas))
	found.old = int(max(0, status.Replicas-status.UpdatedReplicas))
	found.complete = int(status.Replicas) == desired && int(status.UpdatedReplicas) == desired && int(status.AvailableReplicas) == desired
	if !found.complete {
		found.addPods(set.UID, set.Spec.Template.Spec, pods)
	}
	return found
}
