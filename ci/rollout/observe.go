package rollout

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/watch"
)

// observe watches the release under its traffic. A breach is an error: it takes the release back. A watch that could
// see too little to judge by is none, since what hid the release may be the API server's trouble; it is a warning.
func (r *run) observe(ctx context.Context) error {
	if r.request.Watch == 0 {
		r.Progress.Info(ctx, "not watched, since the watch was set to 0")
		return nil
	}
	seen, err := r.Watcher.Watch(ctx, r.target(), r.request.Watch)
	r.record.Watch, r.result.Watch = &seen, &seen
	if err != nil {
		return err
	}
	switch seen.Verdict.Outcome {
	case watch.Breached:
		return fmt.Errorf("release %q broke a threshold of %s: %s", r.record.Release.Version, r.environment.Name, seen.Verdict.Reason)
	case watch.Undecided:
		r.warn(ctx, "the watch could not judge the release: %s", seen.Verdict.Reason)
	}
	for _, warning := range seen.Verdict.Warnings {
		r.warn(ctx, "%s", warning)
	}
	return nil
}
