package cluster

import (
	"context"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// WaitStatefulSetsReady is WaitReady for StatefulSets: until all of their pods are of the newest revision and available.
func (c *Cluster) WaitStatefulSetsReady(ctx context.Context, namespace string, statefulSets []string, options WaitOptions) error {
	return c.waitRollouts(ctx, namespace, "the StatefulSets "+strings.Join(statefulSets, ", "), options,
		func(ctx context.Context) ([]rollout, error) {
			return c.statefulSetRollouts(ctx, namespace, statefulSets)
		})
}

// statefulSetRollouts looks at StatefulSets, and at the pods of those that are not complete yet.
func (c *Cluster) statefulSetRollouts(ctx context.Context, namespace string, names []string) ([]rollout, error) {
	var sets kinds.List[kinds.StatefulSet]
	if err := c.listInto(ctx, "apps/v1", "StatefulSet", namespace, nil, &sets); err != nil {
		return nil, err
	}
	var pods kinds.List[kinds.Pod]
	if err := c.listInto(ctx, "v1", "Pod", namespace, nil, &pods); err != nil {
		return nil, err
	}
	wanted, err := named("StatefulSet", namespace, names, sets.Items)
	if err != nil {
		return nil, err
	}
	states := make([]rollout, len(wanted))
	for i, set := range wanted {
		states[i] = lookAtStatefulSet(set, pods.Items)
	}
	return states, nil
}

// lookAtStatefulSet judges a StatefulSet by its own status and that of its pods, old ones too: a broken one is in the way
// of the one that is to follow it.
func lookAtStatefulSet(set *kinds.StatefulSet, pods []kinds.Pod) rollout {
	status, desired := set.Status, int32(1)
	if set.Spec.Replicas != nil {
		desired = *set.Spec.Replicas
	}
	state := rollout{kind: "StatefulSet", name: set.Name, desired: desired}
	if status.ObservedGeneration < set.Generation {
		return state // the rest is of an earlier specification
	}
	state.ready, state.old = min(status.AvailableReplicas, status.UpdatedReplicas), max(0, status.Replicas-status.UpdatedReplicas)
	state.complete = status.Replicas == desired && status.UpdatedReplicas == desired && status.AvailableReplicas == desired
	if !state.complete {
		state.addPods(set.UID, pods)
	}
	return state
}
