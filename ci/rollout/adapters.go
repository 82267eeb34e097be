package rollout

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/watch"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// API lets a *cluster.Cluster be a Cluster.
type API struct{ *cluster.Cluster }

// Lock acquires the lock of a namespace.
func (a API) Lock(ctx context.Context, namespace string, request cluster.LockRequest) (Lock, error) {
	return a.Cluster.Lock(ctx, namespace, request)
}

// ManifestsIn renders the manifests of a folder, the one that holds environments/.
type ManifestsIn string

// Layer renders one layer.
func (folder ManifestsIn) Layer(ctx context.Context, options render.Options) ([]*cluster.Object, error) {
	options.Dir = string(folder)
	return render.Layer(ctx, options)
}

// Inside is Health by way of the API server.
type Inside struct {
	Application config.Application
	Cluster     health.Cluster
}

// Check asks the Services of the target's slot.
func (i Inside) Check(ctx context.Context, target release.Target) health.Report {
	return health.Examine(ctx, target, health.Inside(i.Application, target, i.Cluster))
}

// Outside is the FrontDoor of whichever environment is asked for.
type Outside struct {
	Application config.Application
	// Resolve and CA are those of health.FrontDoorOptions.
	Resolve map[string]string
	CA      []byte
}

// Prove asks the environment's URL.
func (o Outside) Prove(ctx context.Context, target release.Target) (health.Proof, error) {
	door, err := o.door(target)
	if err != nil {
		return health.Proof{}, err
	}
	return door.Prove(ctx, o.Application.Services, target)
}

// Reach asks the environment's URL.
func (o Outside) Reach(ctx context.Context, target release.Target) (doubt string, err error) {
	door, err := o.door(target)
	if err != nil {
		return "", err
	}
	return door.Reach(ctx, o.Application.Services)
}

func (o Outside) door(target release.Target) (*health.FrontDoor, error) {
	return health.NewFrontDoor(health.FrontDoorOptions{URL: target.Environment.URL, Resolve: o.Resolve, CA: o.CA})
}

// Lookout is the Watcher that reads the pods' own metrics and asks at the front door.
type Lookout struct {
	Application config.Application
	Cluster     watch.Cluster
	Door        Outside
	Clock       Clock
	Progress    Progress
}

// Watch observes the target for a while.
func (l Lookout) Watch(ctx context.Context, target release.Target, duration time.Duration) (Watch, error) {
	door, err := l.Door.door(target)
	if err != nil {
		return Watch{}, err
	}
	began := l.Clock.Now()
	result, err := watch.Run(ctx, watch.Options{
		Duration: duration, Thresholds: target.Environment.Thresholds, Clock: l.Clock,
		Source:   watch.NewCollector(l.Cluster, door, l.Application, target),
		OnSample: func(sample watch.Sample, _ watch.Verdict) { l.Progress.Info(ctx, "%s", sample) },
	})
	return Watch{Asked: duration, Took: l.Clock.Now().Sub(began), Result: result}, err
}

type systemClock struct{}

// SystemClock is the machine's clock.
func SystemClock() Clock { return systemClock{} }

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// WaitReady, WaitStatefulSetsReady and RunJob are those of the room of workloads.
func (a API) WaitReady(ctx context.Context, namespace string, deployments []string, options workload.Options) error {
	return workload.WaitDeployments(ctx, a.Cluster, namespace, deployments, options)
}

func (a API) WaitStatefulSetsReady(ctx context.Context, namespace string, statefulSets []string, options workload.Options) error {
	return workload.WaitStatefulSets(ctx, a.Cluster, namespace, statefulSets, options)
}

func (a API) WaitDaemonSetsReady(ctx context.Context, namespace string, daemonSets []string, options workload.Options) error {
	return workload.WaitDaemonSets(ctx, a.Cluster, namespace, daemonSets, options)
}

func (a API) RunJob(ctx context.Context, job *cluster.Object, options workload.JobOptions) (bool, error) {
	return workload.RunJob(ctx, a.Cluster, job, options)
}

func (a API) EndJobs(ctx context.Context, namespace string, names ...string) error {
	return workload.EndJobs(ctx, a.Cluster, namespace, names, workload.Options{})
}
