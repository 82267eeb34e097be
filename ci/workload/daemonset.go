package workload

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// daemonSetStates looks at DaemonSets, and at the pods of those that are not complete yet.
func daemonSetStates(ctx context.Context, api *cluster.Cluster, namespace string, names []string) ([]state, error) {
	var sets kinds.List[kinds.DaemonSet]
	if err := api.ListInto(ctx, "apps/v1", "DaemonSet", namespace, "", &sets); err != nil {
		return nil, err
	}
	var pods kinds.List[kinds.Pod]
	if err := api.ListInto(ctx, "v1", "Pod", namespace, "", &pods); err != nil {
		return nil, err
	}
	wanted, err := named("DaemonSet", namespace, names, sets.Items)
	if err != nil {
		return nil, err
	}
	states := make([]state, len(wanted))
	for i := range wanted {
		states[i] = daemonSetState(&wanted[i], pods.Items)
	}
	return states, nil
}

// daemonSetState judges a DaemonSet by its own status and that of its pods.
func daemonSetState(set *kinds.DaemonSet, pods []kinds.Pod) state {
	status := set.Status
	desired := status.DesiredNumberScheduled
	found := state{kind: "DaemonSet", name: set.Name, desired: int(desired), ready: int(min(status.NumberAvailable, status.UpdatedNumberScheduled))}
	found.old = int(max(0, status.CurrentNumberScheduled-status.UpdatedNumberScheduled))
	found.complete = status.ObservedGeneration >= set.Generation &&
		status.UpdatedNumberScheduled == desired && status.NumberAvailable == desired
	if !found.complete {
		found.addPods(set.UID, set.Spec.Template.Spec, pods)
	}
	return found
}
