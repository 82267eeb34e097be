package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/config"
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
	observer, err := m.observer(ctx, env, format)
	if err != nil {
		return "", err
	}
	status, err := observer.Status(ctx, env)
	if err != nil {
		return "", err
	}
	return report.Print(status, format)
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
	observer, err := m.observer(ctx, env, format)
	if err != nil {
		return "", err
	}
	history, err := observer.History(ctx, env)
	if err != nil {
		return "", err
	}
	return report.Print(history, format)
}

// observer reads the state of an environment. What the caller typed is checked before anything is asked.
func (m *TeamDashboard) observer(ctx context.Context, env, format string) (rollout.Observer, error) {
	app := config.TeamDashboard()
	if _, err := app.Environment(env); err != nil {
		return rollout.Observer{}, err
	}
	if err := report.CheckFormat(format); err != nil {
		return rollout.Observer{}, err
	}
	connection, err := m.cluster(ctx)
	return rollout.Observer{Application: app, Cluster: connection, Clock: rollout.SystemClock()}, err
}
