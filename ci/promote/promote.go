// Package promote takes a release along its route: validate and publish what is in the source, deploy it to one environment
// after the other, and stop at the first that does not take it.
//
// Everything that can be known is checked for every environment of the route before the first write: what needs no release
// before anything is built, the rest before the first environment is touched.
package promote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/progress"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// Deployer deploys to one environment; *rollout.Deployer is the real one.
type Deployer interface {
	// Ready says whether an environment could take a release at all.
	Ready(ctx context.Context, environment config.Environment) (preflight.Report, error)
	Preview(ctx context.Context, request rollout.Request) (rollout.Preview, error)
	Deploy(ctx context.Context, request rollout.Request) (rollout.Result, error)
}

// Promoter takes the releases of one application along their route.
type Promoter struct {
	Application config.Application
	Deployer    Deployer
	// Validate checks the source, Publish builds and pushes it. They are asked only when no release is given.
	Validate func(ctx context.Context) error
	Publish  func(ctx context.Context) (release.Release, error)
	Progress progress.Reporter
}

// Request says where a release is to go.
type Request struct {
	Environment config.Environment
	// Release goes to the environment alone. Nil stands for what is in the source, which goes by the whole route.
	Release *release.Release
	// Watch is how long the release is watched in the environment that was asked for; nil is the environment's own time.
	// Those on the way to it always have their own.
	Watch    *time.Duration
	LockWait time.Duration
	Holder   string
}

// Run promotes. The result is that of the last environment that was reached.
func (p Promoter) Run(ctx context.Context, request Request) (rollout.Result, error) {
	route := []config.Environment{request.Environment}
	if request.Release == nil {
		route = p.Application.Route(request.Environment)
	}
	chosen, err := p.release(ctx, request, route)
	if err != nil {
		return rollout.Result{}, err
	}
	if err := p.check(ctx, route, chosen); err != nil {
		return rollout.Result{}, err
	}
	var result rollout.Result
	for _, environment := range route {
		if result, err = p.Deployer.Deploy(ctx, request.deploy(environment, chosen)); err != nil {
			return result, err
		}
	}
	return result, nil
}

// release is the one given, or what is made of the source: validated first, so that nothing is published that would not
// pass, and neither before every environment on its way could take a release.
func (p Promoter) release(ctx context.Context, request Request, route []config.Environment) (release.Release, error) {
	if request.Release != nil {
		return *request.Release, nil
	}
	var problems []error
	for _, environment := range route {
		report, err := p.Deployer.Ready(ctx, environment)
		if err == nil {
			err = report.Err()
		}
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return release.Release{}, err
	}
	if err := p.phase(ctx, "validate", p.Validate); err != nil {
		return release.Release{}, err
	}
	var built release.Release
	err := p.phase(ctx, "publish", func(ctx context.Context) (err error) {
		built, err = p.Publish(ctx)
		return err
	})
	return built, err
}

// check asks for every environment of a longer route whether it would take the release. A deploy to a single one asks by itself.
func (p Promoter) check(ctx context.Context, route []config.Environment, chosen release.Release) error {
	if len(route) < 2 {
		return nil
	}
	return p.phase(ctx, "check the route", func(ctx context.Context) error {
		var problems []error
		for _, environment := range route {
			preview, err := p.Deployer.Preview(ctx, rollout.Request{Environment: environment.Name, Release: chosen})
			if err == nil {
				err = preview.Checks.Err()
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", environment.Name, err)
			}
			problems = append(problems, err)
		}
		return errors.Join(problems...)
	})
}

func (p Promoter) phase(ctx context.Context, name string, do func(context.Context) error) error {
	ctx, end := p.Progress.Phase(ctx, name)
	err := do(ctx)
	end(err)
	return err
}

// deploy is what is asked of one environment of the route.
func (r Request) deploy(environment config.Environment, chosen release.Release) rollout.Request {
	watch := environment.Watch
	if environment.Name == r.Environment.Name && r.Watch != nil {
		watch = *r.Watch
	}
	return rollout.Request{Environment: environment.Name, Release: chosen, Watch: watch, LockWait: r.LockWait, Holder: r.Holder,
		Command: fmt.Sprintf("deploy --env %s --release %s", environment.Name, chosen.Version)}
}
