package main

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

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
	clock := rollout.SystemClock()
	door := rollout.Outside{Application: app, Resolve: addresses, CA: authorities}
	return &rollout.Deployer{
		Application: app,
		Cluster:     rollout.API{Cluster: connection},
		Images:      registry,
		Manifests:   rollout.ManifestsIn(folder),
		Health:      rollout.Inside{Application: app, Cluster: connection},
		FrontDoor:   door,
		Smoke:       m.suite(ctx, connection),
		Watcher:     rollout.Lookout{Application: app, Cluster: connection, Door: door, Clock: clock, Progress: progress{}},
		Clock:       clock,
		Progress:    progress{},
		Options:     options,
	}, nil
}
