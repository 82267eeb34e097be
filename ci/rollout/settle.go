package rollout

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
)

// settle closes a run that succeeded: the image tags move, the old slot is parked, the outcome is recorded, and what
// no record needs any more is removed.
func (r *run) settle(ctx context.Context) error {
	r.moveTags(ctx)
	if r.record.Previous != "" {
		if err := r.park(ctx, r.record.Previous); err != nil {
			return err
		}
		r.result.Parked = r.state.version(r.record.Previous)
	}
	if err := r.finish(ctx, OutcomeSucceeded, ""); err != nil {
		return err
	}
	r.describe()
	if err := r.prune(ctx); err != nil {
		// What is left over does no harm, and the next run removes it.
		r.warn(ctx, "removing what is not needed any more: %v", err)
	}
	if err := r.retireWaysIn(ctx); err != nil {
		r.warn(ctx, "%v", err)
	}
	return nil
}

// moveTags points the tags `latest` and the environment's name at the release. The release is live by its digests
// whether or not that works, so a registry that refuses is a warning.
func (r *run) moveTags(ctx context.Context) {
	var group errgroup.Group
	for _, name := range slices.Sorted(maps.Keys(r.record.Release.Images)) {
		for _, tag := range r.tags() {
			group.Go(func() error { return r.Images.Tag(ctx, r.record.Release.Images[name], tag) })
		}
	}
	if err := group.Wait(); err != nil {
		r.warn(ctx, "moving image tags: %v", err)
	}
}

// tags are the moving tags of an environment: `latest` is what the last one runs, which is production.
func (r *run) tags() []string {
	if r.onward() == "" {
		return []string{r.environment.Name, "latest"}
	}
	return []string{r.environment.Name}
}
