package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// Roll back to the previous revision, or to any recorded one.
//
// The previous revision is parked in the other slot of production: it is started again, verified and
// switched to within seconds. An older one is applied again from its record, configuration included.
//
// Examples:
//
//	dagger call rollback --env production
//	dagger call rollback --env production --to 12
//	dagger call rollback --env production --force
//
// +cache="never"
func (m *TeamDashboard) Rollback(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// A revision or a version that history lists; the previous revision when left out.
	// +optional
	to string,
	// Switch as soon as the slot has as many ready pods as the live one, and verify after: for an emergency.
	// +optional
	force bool,
	// How long to watch the release after it took the traffic, such as 5m.
	// +default="0s"
	watch string,
	// How long pods may take to become ready, such as 90s.
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
	result, err := deployer.Rollback(ctx, rollout.Request{
		Environment: limits.environment.Name, To: to, Force: force,
		Watch: *limits.watched, LockWait: limits.lock,
		Holder: m.Actor, Command: "rollback --env " + limits.environment.Name,
	})
	if err != nil {
		return "", report.Failure(result, err)
	}
	return report.Print(result, format)
}
