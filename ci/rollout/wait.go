package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// wait lasts until every Deployment of the release is ready, or cannot become so, the way in is open, and no pod of
// another release is left beside it: one that ends still answers on connections that it has, and would be taken for the
// new one.
func (r *run) wait(ctx context.Context) error {
	r.rehearse(ctx)
	if err := r.waitReady(ctx, r.plan.slots[r.record.Slot]); err != nil {
		return err
	}
	if err := r.waitForWaysIn(ctx); err != nil {
		return err
	}
	return r.waitForOthers(ctx)
}

// waitForOthers lasts until no pod of another release is left in the slot.
func (r *run) waitForOthers(ctx context.Context) error {
	return r.poll(ctx, r.Options.DrainBudget, func(ctx context.Context) (string, error) {
		pods, err := r.servicePods(ctx)
		if err != nil {
			return "", err
		}
		left := slices.DeleteFunc(pods, func(pod *cluster.Object) bool {
			return pod.GetLabels()[render.VersionLabel] == r.record.Release.Version
		})
		if len(left) == 0 {
			return "", nil
		}
		return fmt.Sprintf("waiting for %d pods of %s to end", len(left), strings.Join(versions(left), " and ")), nil
	})
}

// servicePods are the pods of the run's slot that are behind a Service: not those of the smoke suite, for example.
func (r *run) servicePods(ctx context.Context) ([]*cluster.Object, error) {
	pods, err := r.Cluster.List(ctx, "v1", "Pod", r.environment.Namespace, releaseSelector(r.Application, r.record.Slot))
	return slices.DeleteFunc(pods, func(pod *cluster.Object) bool {
		_, err := r.Application.Service(pod.GetLabels()[render.AppLabel])
		return err != nil
	}), err
}

func (r *run) waitReady(ctx context.Context, objects []*cluster.Object) error {
	var names []string
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			names = append(names, object.GetName())
		}
	}
	return r.Cluster.WaitReady(ctx, r.environment.Namespace, names, workload.Options{
		Budget: r.Options.ReadyBudget, Progress: func(line string) { r.Progress.Info(ctx, "%s", line) },
	})
}

// waitForStores lasts until every StatefulSet of the data layer is as rendered, or cannot become so.
func (r *run) waitForStores(ctx context.Context) error {
	var names []string
	for _, object := range r.plan.data {
		if object.GetKind() == "StatefulSet" {
			names = append(names, object.GetName())
		}
	}
	return r.Cluster.WaitStatefulSetsReady(ctx, r.environment.Namespace, names, workload.Options{
		Budget: r.Options.ReadyBudget, Progress: func(line string) { r.Progress.Info(ctx, "%s", line) },
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
