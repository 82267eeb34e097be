package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/backup"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/promote"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/rollout"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

// promoter takes what is in the source, or a given release, along its route.
func (m *TeamDashboard) promoter(ctx context.Context, limits limits) (promote.Promoter, error) {
	deployer, err := m.deployer(ctx, limits)
	return promote.Promoter{
		Application: config.TeamDashboard(), Deployer: deployer, Progress: spans{},
		Validate: func(ctx context.Context) error {
			_, err := m.Validate(ctx)
			return err
		},
		Publish: func(ctx context.Context) (release.Release, error) { return m.publish(ctx, "") },
	}, err
}

// deployer puts the rooms together: cluster, registry, manifests, health, front door, smoke suite, watch.
func (m *TeamDashboard) deployer(ctx context.Context, limits limits) (*rollout.Deployer, error) {
	app := config.TeamDashboard()
	connection, err := m.cluster(ctx)
	if err != nil {
		return nil, err
	}
	registry, err := m.registry(ctx)
	if err != nil {
		return nil, err
	}
	authorities, err := m.authorities(ctx)
	if err != nil {
		return nil, err
	}
	addresses, err := m.addresses()
	if err != nil {
		return nil, err
	}
	folder, err := m.manifestsFolder(ctx)
	if err != nil {
		return nil, err
	}
	options := rollout.DefaultOptions()
	options.ReadyBudget = limits.ready
	door := rollout.Outside{Application: app, Resolve: addresses, CA: authorities}
	return &rollout.Deployer{
		Application: app,
		Cluster:     connection,
		Registry:    registry,
		Manifests:   rollout.ManifestsIn(folder),
		Health:      rollout.Inside{Application: app, Cluster: connection},
		FrontDoor:   door,
		Smoke:       m.suite(ctx, connection),
		Watcher:     rollout.Metrics{Application: app, Cluster: connection, Door: door, Progress: spans{}},
		Progress:    spans{},
		Options:     options,
		Checks:      append(unfinished(connection), ready(app, connection)),
	}, nil
}

// ready is the check that an environment has its secrets.
func ready(app config.Application, connection *cluster.Cluster) preflight.Check {
	return preflight.Check{Name: "secrets", Ask: func(ctx context.Context, environment config.Environment) (string, error) {
		return secrets.Store{Cluster: connection, Application: app, Environment: environment}.Ready(ctx)
	}}
}

// unfinished are the checks that nothing was left half done in an environment, which its status shows, too.
func unfinished(connection *cluster.Cluster) []preflight.Check {
	return []preflight.Check{{Name: "restore", Ask: func(ctx context.Context, environment config.Environment) (string, error) {
		return backup.Finished(ctx, connection, environment)
	}}}
}
