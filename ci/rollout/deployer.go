package rollout

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/progress"
)

// Deployer deploys the releases of one application, and takes them back. All fields but Options and Checks must be set.
type Deployer struct {
	Application config.Application
	Cluster     *cluster.Cluster
	Registry    Registry
	Manifests   Manifests
	Health      Health
	FrontDoor   FrontDoor
	Smoke       SmokeSuite
	Watcher     Watcher
	Progress    progress.Reporter
	Options     Options
	// Checks are those of other rooms that preflight makes; there may be none.
	Checks []preflight.Check
}

// Options are the limits of a run; DefaultOptions has a sentence for each. Budgets count only time in which the API server
// answers.
type Options struct {
	Platforms    []string
	LockTTL      time.Duration
	ReadyBudget  time.Duration
	DrainBudget  time.Duration
	ProofBudget  time.Duration
	TagBudget    time.Duration
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
		// The front door has this long to answer with nothing but the new revision.
		ProofBudget: time.Minute,
		// Moving image tags may take this long, all together; a registry that does not answer holds up nothing.
		TagBudget: 30 * time.Second,
		// Between two looks at something that is waited for.
		PollInterval: 500 * time.Millisecond,
		// Records that stay for history and rollback.
		KeptRecords: 10,
	}
}

// Deploy brings a release into an environment. The result is filled as far as the run came, also with an error.
func (d *Deployer) Deploy(ctx context.Context, request Request) (Result, error) {
	return d.run(ctx, request, d.planDeploy)
}

// Rollback brings a recorded revision back. The result is filled as far as the run came, also with an error.
func (d *Deployer) Rollback(ctx context.Context, request Request) (Result, error) {
	return d.run(ctx, request, d.planRollback)
}
