package main

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/backup"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/report"
)

// Back up the database of an environment now, beside the backups that it makes every night.
//
// Example: dagger call backup --env production --kind full
// +cache="never"
func (m *TeamDashboard) Backup(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// What to back up: full (everything), diff (what changed since the last full backup) or incr (since any).
	// +default="diff"
	kind string,
	// How long it may take, such as 30m or 2h.
	// +default="1h"
	timeout string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	database, err := m.database(ctx, env, timeout, format)
	if err != nil {
		return "", err
	}
	made, err := database.Backup(ctx, kind)
	if err != nil {
		return "", err
	}
	return report.Print(made, format)
}

// List the backups of an environment's database, and the moments that a restore can go to.
//
// Example: dagger call backups --env production
// +cache="never"
func (m *TeamDashboard) Backups(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	database, err := m.database(ctx, env, "5m", format)
	if err != nil {
		return "", err
	}
	list, err := database.List(ctx)
	if err != nil {
		return "", err
	}
	return report.Print(list, format)
}

// Restore the database of an environment to a moment: beside the live one, or over it with --force.
//
// Beside it, the database gets a server of its own, postgres-NAME, that no service talks to: to look into, or to copy
// rows from. Where an environment has no database, as after a disaster, it is restored in its place. A restore that
// was killed is finished by the same command.
//
// Examples:
//
//	dagger call restore --env production --to-time 2026-11-23T10:00:00Z --into before-the-accident
//	dagger call restore --env production --latest --force
//
// +cache="never"
func (m *TeamDashboard) Restore(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// The moment to go back to, with its zone: 2026-11-23T10:00:00Z.
	// +optional
	toTime string,
	// Go to the end of the archived WAL instead.
	// +optional
	latest bool,
	// The name of the database beside the live one; restored when left out.
	// +optional
	into string,
	// Overwrite the live database. Services that use it fail until it is back.
	// +optional
	force bool,
	// How long the restore of the files, and then the recovery, may take each.
	// +default="1h"
	timeout string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	target, err := backup.ParseTarget(toTime, latest, time.Now())
	if err != nil {
		return "", err
	}
	database, err := m.database(ctx, env, timeout, format)
	if err != nil {
		return "", err
	}
	restored, err := database.Restore(ctx, backup.Request{Target: target, Into: into, Force: force})
	if err != nil {
		return "", err
	}
	return report.Print(restored, format)
}

// database is that of an environment. What the caller typed is checked before anything is asked.
func (m *TeamDashboard) database(ctx context.Context, env, timeout, format string) (backup.Database, error) {
	app := config.TeamDashboard()
	environment, err := app.Environment(env)
	if err != nil {
		return backup.Database{}, err
	}
	if err := report.CheckFormat(format); err != nil {
		return backup.Database{}, err
	}
	limit, err := duration("timeout", timeout)
	if err != nil {
		return backup.Database{}, err
	}
	connection, err := m.cluster(ctx)
	return backup.Database{Application: app, Environment: environment, Cluster: connection,
		Output: lines{ctx}, Holder: m.Actor, Timeout: limit, Manifests: m.dataLayer(app, environment)}, err
}

// dataLayer renders what keeps state, with its images by digest.
func (m *TeamDashboard) dataLayer(app config.Application, environment config.Environment) func(context.Context) ([]*cluster.Object, error) {
	return func(ctx context.Context) ([]*cluster.Object, error) {
		folder, err := m.manifestsFolder(ctx)
		if err != nil {
			return nil, err
		}
		registry, err := m.registry(ctx)
		if err != nil {
			return nil, err
		}
		objects, err := render.Layer(ctx, render.Options{Dir: folder, Application: app, Environment: environment, Layer: render.Data})
		if err != nil {
			return nil, err
		}
		return objects, render.Pin(ctx, objects, registry.Pin)
	}
}
