package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// wait lasts until every Deployment of the release is ready, or cannot become so.
func (r *run) wait(ctx context.Context) error {
	return r.waitReady(ctx, r.plan.slots[r.record.Slot])
}

func (r *run) waitReady(ctx context.Context, objects []*cluster.Object) error {
	var names []string
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			names = append(names, object.GetName())
		}
	}
	return r.Cluster.WaitReady(ctx, r.environment.Namespace, names, cluster.WaitOptions{
		Budget: r.Options.ReadyBudget, Progress: func(line string) { r.Progress.Info(ctx, "%s", line) },
	})
}

func (r *run) waitForStatefulSet(ctx context.Context, ref cluster.Ref) error {
	return r.poll(ctx, r.Options.ReadyBudget, func(ctx context.Context) (string, error) {
		found, err := r.Cluster.Get(ctx, ref)
		if err != nil {
			return "", err
		}
		ready, _, _ := unstructured.NestedInt64(found.Object, "status", "readyReplicas")
		observed, _, _ := unstructured.NestedInt64(found.Object, "status", "observedGeneration")
		if observed >= found.GetGeneration() && int(ready) >= replicas(found) {
			return "", nil
		}
		return fmt.Sprintf("waiting for %s: %d of %d pods are ready", ref, ready, replicas(found)), nil
	})
}

var errOutOfTime = errors.New("out of time")

// poll looks again and again until nothing is left to wait for. What is left is shown when it changes, and is the
// error when the budget is spent.
func (r *run) poll(ctx context.Context, budget time.Duration, look func(context.Context) (left string, err error)) error {
	deadline := r.Clock.Now().Add(budget)
	shown := ""
	for {
		left, err := look(ctx)
		if err != nil || left == "" {
			return err
		}
		if !r.Clock.Now().Before(deadline) {
			return fmt.Errorf("%s: %w after %s", left, errOutOfTime, budget)
		}
		if left != shown {
			r.Progress.Info(ctx, "%s", left)
			shown = left
		}
		if err := r.Clock.Sleep(ctx, r.Options.PollInterval); err != nil {
			return err
		}
	}
}
