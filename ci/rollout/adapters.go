package rollout

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/progress"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/watch"
)

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
	Cluster     *cluster.Cluster
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

// Metrics is the Watcher that reads the pods' own metrics and asks at the front door.
type Metrics struct {
	Application config.Application
	Cluster     *cluster.Cluster
	Door        Outside
	Progress    progress.Reporter
}

// Watch observes the target for a while.
func (m Metrics) Watch(ctx context.Context, target release.Target, duration time.Duration) (Watch, error) {
	door, err := m.Door.door(target)
	if err != nil {
		return Watch{}, err
	}
	began := time.Now()
	result, err := watch.Run(ctx, watch.Options{
		Duration: duration, Thresholds: target.Environment.Thresholds,
		Source:   watch.NewCollector(m.Cluster, door, m.Application, target),
		OnSample: func(sample watch.Sample, _ watch.Verdict) { m.Progress.Info(ctx, "%s", sample) },
	})
	return Watch{Asked: duration, Took: time.Since(began), Result: result}, err
}
