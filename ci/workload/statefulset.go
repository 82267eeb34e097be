package workload

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

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
