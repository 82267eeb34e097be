package cluster

import (
	"context"
	"slices"

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
	states := make([]rollout, len(names))
	for i, name := range names {
		at := slices.IndexFunc(sets.Items, func(set appsv1.DaemonSet) bool { return set.Name == name })
		if at < 0 {
			return nil, &WaitError{Object: rollout{kind: "DaemonSet", name: name}.describe(namespace), Reason: "NotFound", Message: "it does not exist"}
		}
		states[i] = lookAtDaemonSet(&sets.Items[at], pods.Items)
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
	if state.complete {
		return state
	}
	for _, pod := range pods {
		if !ownedBy(pod.ObjectMeta, set.UID) || pod.DeletionTimestamp != nil {
			continue
		}
		state.pods = append(state.pods, pod)
		if found, ok := podTrouble(&pod); ok {
			state.troubles = append(state.troubles, found)
		}
	}
	return state
}
