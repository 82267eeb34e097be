package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/report"
)

// Check the health of an environment: pods, endpoints, databases, response time, smoke tests.
//
// Through the environment's URL, as users reach it, unless a slot is named: then in the cluster,
// on the slot's own Services. Exit code 1 when anything is not healthy.
//
// Example: dagger call health-check --env production
// +cache="never"
func (m *TeamDashboard) HealthCheck(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// Check this slot of a blue-green environment instead of its URL: blue or green.
	// +optional
	slot string,
	// Show what each check found, not only those that failed.
	// +optional
	details bool,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	target, connection, err := m.target(ctx, env, slot, format)
	if err != nil {
		return "", err
	}
	found, err := m.examine(ctx, connection, target, slot != "")
	if err != nil {
		return "", err
	}
	if err := found.Err(); err != nil {
		return "", report.Failure(found, err)
	}
	if details {
		return report.PrintVerbose(found, format)
	}
	return report.Print(found, format)
}

// examine makes the five checks, inside the cluster or through the front door.
func (m *TeamDashboard) examine(ctx context.Context, connection *cluster.Cluster, target release.Target, inside bool) (health.Report, error) {
	door, err := m.frontDoor(ctx, target.Environment)
	if err != nil {
		return health.Report{}, err
	}
	app := config.TeamDashboard()
	checks := health.Outside(app, target, connection, door)
	if inside {
		checks = health.Inside(app, target, connection)
	}
	checks = append(checks, health.Smoke(m.suite(ctx, connection).Check(target, inside)))
	return health.Examine(ctx, target, checks), nil
}

// frontDoor reaches an environment by its URL.
func (m *TeamDashboard) frontDoor(ctx context.Context, environment config.Environment) (*health.FrontDoor, error) {
	addresses, err := m.addresses()
	if err != nil {
		return nil, err
	}
	authorities, err := m.authorities(ctx)
	if err != nil {
		return nil, err
	}
	return health.NewFrontDoor(health.FrontDoorOptions{URL: environment.URL, Resolve: addresses, CA: authorities})
}
