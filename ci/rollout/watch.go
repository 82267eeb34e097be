package rollout

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/watch"
)

// watch observes the release under its traffic. A breach is an error: it takes the release back. A watch that could
// see too little to judge by is none, since what hid the release may be the API server's trouble; it is a warning.
func (r *run) watch(ctx context.Context) error {
	if r.request.Watch == 0 {
		r.Progress.Info(ctx, "not watched, since the watch was set to 0")
		return nil
	}
	seen, err := r.Watcher.Watch(ctx, r.target(), r.request.Watch)
	r.result.Watch = &seen
	r.record.Watch, _ = json.Marshal(seen) // a struct of strings and numbers
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
