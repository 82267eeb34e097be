package cluster

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// daemonSetRollouts looks at DaemonSets, and at the pods of those that are not complete yet.
func (c *Cluster) daemonSetRollouts(ctx context.Context, namespace string, names []string) ([]rollout, error) {
	var sets kinds.List[kinds.DaemonSet]
	if err := c.listInto(ctx, "apps/v1", "DaemonSet", namespace, nil, &sets); err != nil {
		return nil, err
	}
	var pods kinds.List[kinds.Pod]
	if err := c.listInto(ctx, "v1", "Pod", namespace, nil, &pods); err != nil {
		return nil, err
	}
	wanted, err := named("DaemonSet", namespace, names, sets.Items)
	if err != nil {
		return nil, err
	}
	states := make([]rollout, len(wanted))
	for i, set := range wanted {
		states[i] = lookAtDaemonSet(set, pods.Items)
	}
	return states, nil
}

// lookAtDaemonSet judges a DaemonSet by its own status and that of its pods.
func lookAtDaemonSet(set *kinds.DaemonSet, pods []kinds.Pod) rollout {
	status := set.Status
	desired := status.DesiredNumberScheduled
	state := rollout{kind: "DaemonSet", name: set.Name, desired: desired, ready: min(status.NumberAvailable, status.UpdatedNumberScheduled)}
	state.old = max(0, status.CurrentNumberScheduled-status.UpdatedNumberScheduled)
	state.complete = status.ObservedGeneration >= set.Generation &&
		status.UpdatedNumberScheduled == desired && status.NumberAvailable == desired
	if !state.complete {
		state.addPods(set.UID, pods)
	}
	return state
}
