package main

import (
	"context"
	"os"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// Render the manifests of a release as a folder for kubectl apply -k.
//
// The folder holds one file an object, images pinned by digest. Nothing is read from or written
// to a cluster.
//
// Example: dagger call render --env staging --release-file release.json export --path manifests
func (m *TeamDashboard) Render(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// The release file that publish returned.
	// +optional
	releaseFile *dagger.File,
	// The text of a release file, or a published version.
	// +optional
	release string,
	// The slot of a blue-green environment that the stable Services select: blue or green.
	// +optional
	slot string,
) (*dagger.Directory, error) {
	app := config.TeamDashboard()
	environment, err := app.Environment(env)
	if err != nil {
		return nil, err
	}
	chosen, err := m.published(ctx, release, releaseFile)
	if err != nil {
		return nil, err
	}
	if slot == "" && len(environment.Slots) > 0 {
		slot = environment.Slots[0]
	}
	folder, err := m.manifestsFolder(ctx)
	if err != nil {
		return nil, err
	}
	registry, err := m.registry(ctx)
	if err != nil {
		return nil, err
	}
	files, err := render.Manifests(ctx, render.Options{Dir: folder, Application: app, Environment: environment, Slot: slot, Release: chosen}, registry.Pin)
	if err != nil {
		return nil, err
	}
	rendered := dag.Directory()
	for path, content := range files {
		rendered = rendered.WithNewFile(path, string(content))
	}
	return rendered, nil
}

// manifestsFolder lays the manifests down where kustomize can read them.
func (m *TeamDashboard) manifestsFolder(ctx context.Context) (string, error) {
	folder, err := os.MkdirTemp("", "k8s")
	if err != nil {
		return "", err
	}
	_, err = m.Manifests.Export(ctx, folder)
	return folder, err
}
