package main

import (
	"context"
	"fmt"
	"time"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// Deploy a release to an environment.
//
// Without a release named, the source is validated, built and published, and goes to production
// through staging. With one, what was built is deployed as it is.
//
// Staging is rolled in place. Production is blue-green: the release starts beside the live one, is
// verified on its own, takes all traffic at once, and is watched; a breach switches back by itself.
// A release that is live already is left alone. A run that was killed is taken up by the next one.
//
// Examples:
//
//	dagger call deploy --env staging
//	dagger call deploy --env production --release-file release.json
//	dagger call deploy --env production --release 20261123T101530-1a2b3c4 --watch 10m
//
// +cache="never"
func (m *TeamDashboard) Deploy(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// A published version, or the text of a release file.
	// +optional
	release string,
	// The release file that publish returned.
	// +optional
	releaseFile *dagger.File,
	// How long to watch the release after it took the traffic, such as 10m; 0s watches not at all. The environment's own time when left out: 5m in production.
	// +optional
	watch string,
	// How long new pods may take to become ready, such as 90s.
	// +default="5m"
	readyTimeout string,
	// How long to wait for another deploy of the environment to end; 0s refuses at once.
	// +default="0s"
	lockTimeout string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	limits, err := parseLimits(env, watch, readyTimeout, lockTimeout, format)
	if err != nil {
		return "", err
	}
	deployer, err := m.deployer(ctx, limits)
	if err != nil {
		return "", err
	}
	chosen, given, err := m.chosen(ctx, release, releaseFile)
	if err != nil {
		return "", err
	}
	route := []config.Environment{limits.environment}
	if !given {
		if chosen, err = m.fromSource(ctx); err != nil {
			return "", err
		}
		route = config.TeamDashboard().Route(limits.environment)
	}
	return m.along(ctx, deployer, route, chosen, limits, format)
}

// fromSource makes a release of the source: validated first, so that nothing is published that would not pass.
func (m *TeamDashboard) fromSource(ctx context.Context) (release.Release, error) {
	validating, end := progress{}.Phase(ctx, "validate")
	_, err := m.Validate(validating)
	end(err)
	if err != nil {
		return release.Release{}, err
	}
	publishing, end := progress{}.Phase(ctx, "publish")
	built, err := m.publish(publishing, "")
	end(err)
	return built, err
}

// along deploys to one environment after the other; the first that fails ends it.
func (m *TeamDashboard) along(ctx context.Context, deployer *rollout.Deployer, route []config.Environment, chosen release.Release, limits limits, format string) (string, error) {
	var printed string
	for _, environment := range route {
		result, err := deployer.Deploy(ctx, rollout.Request{
			Environment: environment.Name, Release: chosen,
			Watch: limits.watch(environment), LockWait: limits.lock,
			Holder: m.Actor, Command: fmt.Sprintf("deploy --env %s --release %s", environment.Name, chosen.Version),
		})
		if err != nil {
			return "", report.Failure(result, err)
		}
		if printed, err = report.Print(result, format); err != nil {
			return "", err
		}
	}
	return printed, nil
}

// limits are what the caller said of a run: the environment, and the times that it may take.
type limits struct {
	environment config.Environment
	watched     *time.Duration
	ready, lock time.Duration
}

// watch is the caller's time for the environment that was asked for, and no watch for those on the way to it.
func (l limits) watch(environment config.Environment) time.Duration {
	if environment.Name == l.environment.Name && l.watched != nil {
		return *l.watched
	}
	return environment.Watch
}

// parseLimits checks all that was typed before anything is asked. An empty watch is the environment's own.
func parseLimits(env, watch, ready, lock, format string) (parsed limits, err error) {
	if parsed.environment, err = config.TeamDashboard().Environment(env); err != nil {
		return limits{}, err
	}
	if watch != "" {
		watched, err := duration("watch", watch)
		if err != nil {
			return limits{}, err
		}
		parsed.watched = &watched
	}
	if parsed.ready, err = duration("ready-timeout", ready); err != nil {
		return limits{}, err
	}
	if parsed.lock, err = duration("lock-timeout", lock); err != nil {
		return limits{}, err
	}
	return parsed, report.CheckFormat(format)
}

func duration(flag, text string) (time.Duration, error) {
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return 0, fmt.Errorf("--%s %q: not a duration; give a number with a unit, such as 90s or 5m", flag, text)
	}
	return parsed, nil
}
