package secrets

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// rotationAnnotation on a pod names the rotation that it was started for, and the step of it. A deploy leaves it where
// it is: it is no part of what was rendered.
const rotationAnnotation = "team-dashboard.app/rotation"

// drainBudget is how long old pods have to end after the new ones took over; it exceeds their grace period.
const drainBudget = 2 * time.Minute

// drainPoll is the pause between two looks at them.
const drainPoll = time.Second / 2

// restart replaces the pods of all that read one of the changes, one service after the other: the next begins when all new
// pods of the one before, in all of its slots, are ready. It returns when all old pods are gone; pods that carry the new mark
// already stay.
func (r *rotation) restart(ctx context.Context, changes []change, step string) error {
	users, err := r.deployments(ctx, changes)
	if err != nil {
		return err
	}
	mark := r.journal.ID + "/" + strings.ReplaceAll(step, " ", "-")
	for left := users; len(left) > 0; {
		slots := slotsOfFirst(left)
		if err := r.restartService(ctx, slots, mark); err != nil {
			return err
		}
		left = left[len(slots):]
	}
	for _, user := range users {
		if err := r.waitForOld(ctx, user, mark); err != nil {
			return err
		}
	}
	return nil
}

// slotsOfFirst are those of the Deployments, which are in the order of their names, that are of the first one's service.
func slotsOfFirst(users []*cluster.Object) []*cluster.Object {
	service := func(user *cluster.Object) string { return cmp.Or(user.GetLabels()[render.AppLabel], user.GetName()) }
	other := slices.IndexFunc(users, func(user *cluster.Object) bool { return service(user) != service(users[0]) })
	if other < 0 {
		return users
	}
	return users[:other]
}

func (r *rotation) restartService(ctx context.Context, slots []*cluster.Object, mark string) error {
	var names []string
	for _, slot := range slots {
		_, err := r.held.Patch(ctx, cluster.RefOf(slot), map[string]any{"spec": map[string]any{"template": map[string]any{
			"metadata": map[string]any{"annotations": map[string]any{rotationAnnotation: mark}},
		}}})
		if err != nil {
			return err
		}
		names = append(names, slot.GetName())
		if !slices.Contains(r.result.Restarted, slot.GetName()) {
			r.result.Restarted = append(r.result.Restarted, slot.GetName())
		}
	}
	return workload.WaitDeployments(ctx, r.Cluster, r.Environment.Namespace, names, workload.Options{
		Budget:   r.options.ReadyBudget,
		Progress: func(line string) { r.Progress.Info(ctx, "%s", line) },
	})
}

// waitForOld waits until no pod is left that has the old value: until then the old value must go on working. The time in
// which the API server does not answer does not count.
func (r *rotation) waitForOld(ctx context.Context, user *cluster.Object, mark string) error {
	selector, _, _ := unstructured.NestedStringMap(user.Object, "spec", "selector", "matchLabels")
	for left := drainBudget; ; left -= drainPoll {
		pods, err := r.Cluster.List(ctx, "v1", "Pod", r.Environment.Namespace, labels.FormatLabels(selector))
		if err != nil {
			return err
		}
		pods = slices.DeleteFunc(pods, func(pod *cluster.Object) bool { return pod.GetAnnotations()[rotationAnnotation] == mark })
		if len(pods) == 0 {
			return nil
		}
		if left <= 0 {
			return fmt.Errorf("restarting %s: %d pods with the old value are still there after %s", cluster.RefOf(user), len(pods), drainBudget)
		}
		if !cluster.Sleep(ctx, drainPoll) {
			return fmt.Errorf("waiting for the old pods of %s to end: %w", cluster.RefOf(user), context.Cause(ctx))
		}
	}
}
