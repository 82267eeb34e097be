package rollout

import (
	"context"
	"fmt"
)

// watch observes the release under its traffic. A breach is an error: it takes the release back.
func (r *run) watch(ctx context.Context) error {
	if r.request.Watch == 0 {
		r.Progress.Info(ctx, "not watched, since the watch was set to 0")
		return nil
	}
	seen, err := r.Watcher.Watch(ctx, r.target(), r.request.Watch)
	r.record.Watch, r.result.Watch = &seen, &seen
	if err != nil {
		return err
	}
	if seen.Breached {
		return fmt.Errorf("release %q broke a threshold of %s: %s", r.record.Release.Version, r.environment.Name, seen.Reason)
	}
	return nil
}
