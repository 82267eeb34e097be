package cluster

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// daemonSetRollouts looks at DaemonSets, and at the pods of those that are not complete yet.
func (c *Cluster) daemonSetRollouts(ctx context.Context, namespace string, names []string) ([]rollout, error) {
	var sets appsv1.DaemonSetList
	if err := c.listInto(ctx, "apps/v1", "DaemonSet", namespace, nil, &sets); err != nil {
		return nil, err
	}
	var pods corev1.PodList
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
func lookAtDaemonSet(set *appsv1.DaemonSet, pods []corev1.Pod) rollout {
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
