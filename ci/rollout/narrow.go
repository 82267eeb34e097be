package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// narrowedFor is how long the release must stay healthy after something was taken away, and how many looks are taken.
const (
	narrowedFor   = 3 * time.Second
	narrowedLooks = 3
)

// narrow takes away what only the previous revision lived on: rules that allowed more, policies and routes that the
// manifests have no more. Then it looks whether the release misses any of it; if so all of it comes back.
func (r *run) narrow(ctx context.Context) error {
	shared, err := r.planShared(ctx)
	if err != nil {
		return err
	}
	temporary, err := r.temporaryPolicies(ctx)
	if err != nil {
		return err
	}
	if len(shared.late)+len(shared.gone)+len(temporary) > 0 {
		if err := r.takeAway(ctx, shared, temporary); err != nil {
			return err
		}
		if err := r.misses(ctx); err != nil {
			return fmt.Errorf("without what the manifests have no more: %w", r.giveBack(ctx, shared, err))
		}
	}
	return r.retireRoutes(ctx)
}

func (r *run) takeAway(ctx context.Context, shared sharedPlan, temporary []cluster.Ref) error {
	if err := inWaves(ctx, shared.late, r.applyObject); err != nil {
		return err
	}
	for _, ref := range slices.Concat(temporary, shared.gone) {
		r.Progress.Info(ctx, "removing %s, which the manifests do not have", ref)
		if _, err := r.held.Delete(ctx, ref); err != nil {
			return err
		}
	}
	return nil
}

// misses looks at the release's health for a while.
func (r *run) misses(ctx context.Context) error {
	for range narrowedLooks {
		report := r.Health.Check(ctx, r.target())
		if err := report.Err(); err != nil {
			return err
		}
		if !cluster.Sleep(ctx, narrowedFor/narrowedLooks) {
			return context.Cause(ctx)
		}
	}
	return nil
}

// giveBack brings back what was taken away. It returns the cause, and what kept it from bringing all of it back.
func (r *run) giveBack(ctx context.Context, shared sharedPlan, cause error) error {
	before, err := r.sharedBefore(ctx)
	if err != nil {
		return fmt.Errorf("%w; bringing it back: %w", cause, err)
	}
	back := slices.Clone(shared.temporary)
	for _, object := range before {
		ref := cluster.RefOf(object)
		if find(shared.late, ref) != nil || slices.Contains(shared.gone, ref) {
			back = append(back, object)
		}
	}
	if err := inWaves(ctx, back, r.applyObject); err != nil {
		return fmt.Errorf("%w; bringing it back: %w", cause, err)
	}
	return fmt.Errorf("%w; it was brought back", cause)
}

// temporaryPolicies are those that were in force while two revisions ran side by side.
func (r *run) temporaryPolicies(ctx context.Context) ([]cluster.Ref, error) {
	found, err := r.Cluster.List(ctx, "networking.k8s.io/v1", "NetworkPolicy", r.environment.Namespace, temporaryLabel+","+render.PartOfLabel+"="+r.Application.Name)
	refs := make([]cluster.Ref, len(found))
	for i, policy := range found {
		refs[i] = cluster.RefOf(policy)
	}
	return refs, err
}
