package rollout

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// prove waits until the routes are open, asks the front door by fresh connections until only the run's revision answers,
// and takes the result of the smoke suite there. The suite may have begun before. If it fails it may have met the revision
// before: then what it finds behind the proven door is what counts.
func (r *run) prove(ctx context.Context, suite *suite) error {
	if err := r.waitForRoutes(ctx); err != nil {
		return err
	}
	if suite.outside == nil {
		suite.startAtFrontDoor(ctx)
	}
	var found smoke.Result
	var failure error
	group, proving := errgroup.WithContext(ctx)
	group.Go(func() error {
		evidence, err := r.proveDoor(proving, r.target())
		r.record.Switch, r.result.Switch = evidence, evidence
		return err
	})
	group.Go(func() error {
		found, failure = suite.outside.wait(proving)
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	if failure != nil {
		r.Progress.Info(ctx, "%v; running the flows once more, now that only %s answers", failure, r.record.Release.Version)
		found, failure = r.Smoke.Public(ctx, r.target(), 0)
	}
	r.noteSmoke(found)
	return failure
}

// proveDoor returns the evidence also when it proves the contrary.
func (r *run) proveDoor(ctx context.Context, target release.Target) (*record.Switch, error) {
	asked := time.Now()
	ctx, cancel := context.WithTimeout(ctx, r.Options.ProofBudget)
	defer cancel()
	proof, err := r.FrontDoor.Prove(ctx, target)
	if doubt := proof.Doubt(); doubt != "" {
		r.warn(ctx, "%s", doubt)
	}
	evidence := &record.Switch{To: target.Slot, Requests: proof.Requests, Old: proof.Old, Failed: proof.Failed}
	if r.record.Replaces > 0 {
		evidence.From = r.record.Previous
	}
	if began := r.switched.began; !began.IsZero() {
		evidence.Patched = r.switched.patched.Sub(began)
		asked = began
	}
	if !proof.Settled.IsZero() {
		evidence.Settled = max(proof.Settled.Sub(asked), time.Duration(0))
	}
	return evidence, err
}
