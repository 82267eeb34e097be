package rollout

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// park takes the pods out of a slot and leaves its objects, so that a rollback only needs to scale up. Pods end
// gracefully: they serve what is still on its way to them. A slot that a stable Service selects is never parked.
func (r *run) park(ctx context.Context, slot string) error {
	now, err := r.found.again(ctx, r.Cluster)
	if err != nil {
		return err
	}
	if now.traffic(slot) != trafficElsewhere {
		return fmt.Errorf("parking slot %s of %s: %d stable Services send their traffic there", slot, r.environment.Name, now.count(slot))
	}
	autoscalers, err := r.Cluster.List(ctx, "autoscaling/v2", "HorizontalPodAutoscaler", r.environment.Namespace, releaseSelector(r.Application, slot))
	if err != nil {
		return err
	}
	for _, autoscaler := range autoscalers {
		if _, err := r.held.Delete(ctx, cluster.RefOf(autoscaler)); err != nil {
			return err
		}
	}
	for _, deployment := range now.in(slot) {
		if deployment.Desired == 0 {
			continue
		}
		ref := cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: r.environment.Namespace, Name: deployment.Name}
		if _, err := r.held.Scale(ctx, ref, 0); err != nil {
			return err
		}
	}
	return nil
}
