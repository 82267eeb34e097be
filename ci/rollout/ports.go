package rollout

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// Registry is what a run needs of the image registry; *image.Registry is the real one.
type Registry interface {
	preflight.Images
	Pin(ctx context.Context, ref string) (string, error)
	Tag(ctx context.Context, digestRef, tag string) error
}

// Manifests renders the layers of an environment; ManifestsIn makes one of a folder.
type Manifests interface {
	Layer(ctx context.Context, options render.Options) ([]*cluster.Object, error)
}

// Health examines the release's own pods and Services through the API server; Inside is the real one.
type Health interface {
	Check(ctx context.Context, target release.Target) health.Report
}

// FrontDoor sends fresh connections to the environment's public URL; Outside is the real one.
type FrontDoor interface {
	// Reach asks until every path is answered, or the context ends; the doubt is what may keep a switch from being proven.
	Reach(ctx context.Context, target release.Target) (doubt string, err error)
	// Prove asks until only the target's release answers, from the target's slot, or the context ends. What it has seen
	// comes with the error too.
	Prove(ctx context.Context, target release.Target) (health.Proof, error)
}

// SmokeSuite runs the critical user flows of the release's own smoke image; smoke.Suite is the real one.
type SmokeSuite interface {
	// Slot runs them against the target's own Services, inside the cluster, once those answer, at the latest after wait.
	Slot(ctx context.Context, target release.Target, wait time.Duration) (smoke.Result, error)
	// Public runs them against the environment's URL, as soon as the release answers for every service, at the latest
	// after wait.
	Public(ctx context.Context, target release.Target, wait time.Duration) (smoke.Result, error)
}

// Watcher observes a release that takes the traffic; Observe is the real one.
type Watcher interface {
	// Watch returns after the duration, or at once when a threshold is broken; the verdict says which. The only error is
	// that of the context.
	Watch(ctx context.Context, target release.Target, duration time.Duration) (Watch, error)
}
