package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// park takes the pods out of a slot and leaves its objects, so that a rollback only needs to scale up. Pods end
// gracefully: they serve what is still on its way to them. A slot that a stable Service selects is never parked.
func (r *run) park(ctx context.Context, slot string) error {
	now, err := r.glance(ctx)
	if err != nil {
		return err
	}
	if moved := now.movedTo(slot); moved > 0 {
		return fmt.Errorf("parking slot %s of %s: %d stable Services send their traffic there", slot, r.environment.Name, moved)
	}
	autoscalers, err := r.Cluster.List(ctx, "autoscaling/v2", "HorizontalPodAutoscaler", r.environment.Namespace, releaseSelector(r.Application, slot))
	if err != nil {
		return err
	}
	for _, autoscaler := range autoscalers {
		if err := r.Cluster.Delete(ctx, cluster.RefOf(autoscaler)); err != nil {
			return err
		}
	}
	for _, deployment := range now.in(slot) {
		if replicas(deployment) == 0 {
			continue
		}
		if err := r.Cluster.Scale(ctx, r.environment.Namespace, deployment.GetName(), 0); err != nil {
			return err
		}
	}
	return nil
}

// versions names the releases that objects belong to.
func versions(objects []*cluster.Object) []string {
	var found []string
	for _, object := range objects {
		if version := object.GetLabels()[render.VersionLabel]; !slices.Contains(found, version) {
			found = append(found, version)
		}
	}
	slices.Sort(found)
	return found
}
