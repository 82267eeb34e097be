package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// Show what runs in an environment: the live release, its services, what is parked, who deploys.
//
// Example: dagger call status --env production
// +cache="never"
func (m *TeamDashboard) Status(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	return observe(ctx, m, env, format, rollout.Observer.Status)
}

// List what was deployed to an environment, newest first: releases, outcomes, who and when.
//
// Example: dagger call history --env production
// +cache="never"
func (m *TeamDashboard) History(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	return observe(ctx, m, env, format, rollout.Observer.History)
}

// observe prints what an observer finds in an environment.
func observe[Found any](ctx context.Context, m *TeamDashboard, env, format string, look func(rollout.Observer, context.Context, string) (Found, error)) (string, error) {
	observer, _, err := m.observer(ctx, env, format)
	if err != nil {
		return "", err
	}
	found, err := look(observer, ctx, env)
	if err != nil {
		return "", err
	}
	return report.Print(found, format)
}

// observer reads the state of an environment, by the connection that it returns beside it. What the caller typed is
// checked before anything is asked.
func (m *TeamDashboard) observer(ctx context.Context, env, format string) (rollout.Observer, *cluster.Cluster, error) {
	app := config.TeamDashboard()
	if _, err := app.Environment(env); err != nil {
		return rollout.Observer{}, nil, err
	}
	if err := report.CheckFormat(format); err != nil {
		return rollout.Observer{}, nil, err
	}
	connection, err := m.cluster(ctx)
	return rollout.Observer{Application: app, Cluster: connection, Checks: unfinished(connection)}, connection, err
}

// target is the release that runs in an environment, or in one of its slots.
func (m *TeamDashboard) target(ctx context.Context, env, slot, format string) (release.Target, *cluster.Cluster, error) {
	observer, connection, err := m.observer(ctx, env, format)
	if err != nil {
		return release.Target{}, nil, err
	}
	target, err := observer.Target(ctx, env, slot)
	return target, connection, err
}
