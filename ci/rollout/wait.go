package rollout

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// wait lasts until every Deployment of the release is ready, or cannot become so, and no pod of another revision is left
// beside it: one that ends still answers on connections that it has, and would be taken for the new one.
func (r *run) wait(ctx context.Context) error {
	if err := r.waitReady(ctx, deploymentsIn(r.plan.own(r.record.Slot))); err != nil {
		return err
	}
	return r.waitForOthers(ctx)
}

func deploymentsIn(objects []*cluster.Object) []string { return namesOf("Deployment", objects) }

func namesOf(kind string, objects []*cluster.Object) []string {
	var names []string
	for _, object := range objects {
		if object.GetKind() == kind {
			names = append(names, object.GetName())
		}
	}
	return names
}

func (r *run) waitReady(ctx context.Context, deployments []string) error {
	return workload.WaitDeployments(ctx, r.Cluster, r.environment.Namespace, deployments, r.waitOptions(ctx))
}

// waitForStores lasts until every StatefulSet of the data layer is as rendered, or cannot become so.
func (r *run) waitForStores(ctx context.Context) error {
	return workload.WaitStatefulSets(ctx, r.Cluster, r.environment.Namespace, namesOf("StatefulSet", r.plan.layers.Data), r.waitOptions(ctx))
}

func (r *run) waitOptions(ctx context.Context) workload.Options {
	return workload.Options{Budget: r.Options.ReadyBudget, Progress: func(line string) { r.Progress.Info(ctx, "%s", line) }}
}

// waitForOthers lasts until no pod of another revision is left in the run's slot.
func (r *run) waitForOthers(ctx context.Context) error {
	return workload.WaitStale(ctx, r.Cluster, r.environment.Namespace, releaseSelector(r.Application, r.record.Slot), r.drainOptions(ctx))
}

func (r *run) drainOptions(ctx context.Context) workload.Options {
	options := r.waitOptions(ctx)
	options.Budget = r.Options.DrainBudget
	return options
}
