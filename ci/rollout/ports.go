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
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Reader is what status and history need of the API server.
type Reader interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
	List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error)
	Records(ctx context.Context, namespace string) ([]cluster.Entry, error)
}

// Cluster is what a run needs of the API server; API makes one of a *cluster.Cluster.
type Cluster interface {
	Reader
	preflight.Cluster
	Patch(ctx context.Context, ref cluster.Ref, operations []cluster.Operation) (*cluster.Object, error)
	MergePatch(ctx context.Context, ref cluster.Ref, document any) (*cluster.Object, error)
	Delete(ctx context.Context, ref cluster.Ref) error
	Scale(ctx context.Context, namespace, deployment string, replicas int) error
	WaitReady(ctx context.Context, namespace string, deployments []string, options workload.Options) error
	WaitStatefulSetsReady(ctx context.Context, namespace string, statefulSets []string, options workload.Options) error
	SaveRecord(ctx context.Context, namespace string, entry cluster.Entry) error
	Lock(ctx context.Context, namespace string, request cluster.LockRequest) (Lock, error)
}

// Lock is the right to change an environment; *cluster.Lock is the real one.
type Lock interface {
	Token() string
	Context() context.Context
	Unlock(ctx context.Context) error
}

// Images is what a run needs of the registry; *image.Registry is the real one.
type Images interface {
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

// SmokeSuite runs the critical user flows of the release's own smoke image.
type SmokeSuite interface {
	// Slot runs them against the target's own Services, inside the cluster, once those answer: patience is how long to
	// wait for that.
	Slot(ctx context.Context, target release.Target, patience time.Duration) (smoke.Result, error)
	// Public runs them against the environment's URL, as soon as the release answers for every service, at the latest
	// when the patience is over.
	Public(ctx context.Context, target release.Target, patience time.Duration) (smoke.Result, error)
}

// Watcher observes a release that takes the traffic; Lookout is the real one.
type Watcher interface {
	// Watch returns after the duration, or at once when a threshold is broken; the verdict says which. The only error is
	// that of the context.
	Watch(ctx context.Context, target release.Target, duration time.Duration) (Watch, error)
}

// Clock tells the time, so that tests need not wait for it.
type Clock interface {
	Now() time.Time
	// Sleep pauses; it returns early, with the context's cause, when the context ends.
	Sleep(ctx context.Context, pause time.Duration) error
}

// Progress shows people how far a run is.
type Progress interface {
	// Phase begins a phase; the returned function ends it with what came of it.
	Phase(ctx context.Context, name string) (context.Context, func(err error))
	// Info prints a line under the context's phase.
	Info(ctx context.Context, format string, arguments ...any)
}
