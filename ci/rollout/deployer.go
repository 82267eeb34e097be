package rollout

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/image"
)

// Deployer deploys the releases of one application, and takes them back. All fields but Options must be set.
type Deployer struct {
	Application config.Application
	Cluster     Cluster
	Images      Images
	Manifests   Manifests
	Health      Health
	FrontDoor   FrontDoor
	Smoke       SmokeSuite
	Watcher     Watcher
	Clock       Clock
	Progress    Progress
	Options     Options
}

// Options are the limits of a run; DefaultOptions has a sentence for each.
type Options struct {
	Platforms    []string
	LockTTL      time.Duration
	ReadyBudget  time.Duration
	DrainBudget  time.Duration
	ProofBudget  time.Duration
	UndoBudget   time.Duration
	PollInterval time.Duration
	KeptRecords  int
}

// DefaultOptions are those of a real run.
func DefaultOptions() Options {
	return Options{
		// Every image of a release must have these platforms.
		Platforms: image.Platforms,
		// A killed run blocks the next one for this long at most.
		LockTTL: 20 * time.Second,
		// New pods have this long to become ready.
		ReadyBudget: 5 * time.Minute,
		// Old pods have this long to end after they were told to; it exceeds their grace period.
		DrainBudget: 2 * time.Minute,
		// The front door has this long to answer with nothing but the new release.
		ProofBudget: time.Minute,
		// Taking back a failed run may take this long; the promise to users is five minutes.
		UndoBudget: 4 * time.Minute,
		// Between two looks at something that is waited for.
		PollInterval: 500 * time.Millisecond,
		// Records that stay for history and rollback.
		KeptRecords: 10,
	}
}

// Deploy brings a release into an environment. The result is filled as far as the run came, also with an error.
func (d *Deployer) Deploy(ctx context.Context, request Request) (Result, error) {
	r := d.newRun(request, ActionDeploy)
	err := r.walk(ctx, r.planDeploy)
	return r.result, err
}

// Rollback brings a recorded release back. The result is filled as far as the run came, also with an error.
func (d *Deployer) Rollback(ctx context.Context, request Request) (Result, error) {
	r := d.newRun(request, ActionRollback)
	err := r.walk(ctx, r.planRollback)
	return r.result, err
}
