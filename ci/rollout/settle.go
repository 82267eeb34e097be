package rollout

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/record"
)

// settle closes a run that succeeded: the old slot is parked, the outcome is recorded, and then what can fail without
// harm follows: what no record needs any more is removed, and the image tags move.
func (r *run) settle(ctx context.Context) error {
	if r.record.Previous != "" {
		parked := r.found.version(r.record.Previous)
		if err := r.park(ctx, r.record.Previous); err != nil {
			return err
		}
		r.result.Parked = parked
	}
	if err := r.finish(ctx, record.Succeeded, ""); err != nil {
		return err
	}
	r.describe()
	if err := r.prune(ctx); err != nil {
		// What is left over does no harm, and the next run removes it.
		r.warn(ctx, "removing what is not needed any more: %v", err)
	}
	r.moveTags(ctx)
	return nil
}

// moveTags points the tags `latest` and the environment's name at the release. The release is live by its digests
// whether or not that works, so a registry that refuses, or does not answer, is a warning.
func (r *run) moveTags(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.Options.TagBudget)
	defer cancel()
	var group errgroup.Group
	for _, name := range slices.Sorted(maps.Keys(r.record.Release.Images)) {
		for _, tag := range r.tags() {
			group.Go(func() error { return r.Registry.Tag(ctx, r.record.Release.Images[name], tag) })
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
