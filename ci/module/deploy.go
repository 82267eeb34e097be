package main

import (
	"context"
	"fmt"
	"time"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/promote"
	"github.com/codingbutter/team-dashboard/ci/report"
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
	promoter, err := m.promoter(ctx, limits)
	if err != nil {
		return "", err
	}
	request := promote.Request{Environment: limits.environment, Watch: limits.watched, LockWait: limits.lock, Holder: m.Actor}
	chosen, given, err := m.chosen(ctx, release, releaseFile)
	if err != nil {
		return "", err
	}
	if given {
		request.Release = &chosen
	}
	result, err := promoter.Run(ctx, request)
	if err != nil {
		return "", report.Failure(result, err)
	}
	return report.Print(result, format)
}

// limits are what the caller said of a run: the environment, and the times that it may take.
type limits struct {
	environment config.Environment
	watched     *time.Duration
	ready, lock time.Duration
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
