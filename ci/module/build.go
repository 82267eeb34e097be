package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/workspace"
)

// Build every image for every platform, and push nothing.
//
// Build stages run on this machine's own platform, so arm64 costs no emulation.
//
// Example: dagger call build
func (m *TeamDashboard) Build(
	ctx context.Context,
	// The platforms to build for.
	// +default=["linux/amd64", "linux/arm64"]
	platforms []string,
) (string, error) {
	files, _, err := m.buildContext(ctx)
	if err != nil {
		return "", err
	}
	names := config.TeamDashboard().AllImages()
	built := make([]string, len(names))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, name := range names {
		group.Go(func() error {
			for _, platform := range platforms {
				if _, err := build(files, name, platform).Sync(groupCtx); err != nil {
					return explainBuild(name, platform, err)
				}
			}
			built[i] = fmt.Sprintf("%-16s %s", name, strings.Join(platforms, ", "))
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	return "built, nothing pushed:\n  " + strings.Join(built, "\n  ") + "\nnext: dagger call publish export --path release.json", nil
}

// Image builds one image for one platform, to look into or to run.
//
// Example: dagger call image --name dashboard terminal
// +cache="session"
func (m *TeamDashboard) Image(
	ctx context.Context,
	// The service, smoke for the smoke suite, or postgres for the database.
	name string,
	// The platform to build for.
	// +default="linux/amd64"
	platform string,
) (*dagger.Container, error) {
	if known := config.TeamDashboard().AllImages(); !slices.Contains(known, name) {
		return nil, fmt.Errorf("image %q: no such image; known are %s", name, strings.Join(known, ", "))
	}
	files, _, err := m.buildContext(ctx)
	if err != nil {
		return nil, err
	}
	return build(files, name, platform), nil
}

// build makes one image from the build context.
func build(files *dagger.Directory, name, platform string) *dagger.Container {
	return files.DockerBuild(dagger.DirectoryDockerBuildOpts{
		Dockerfile: workspace.Dockerfile(name),
		Platform:   dagger.Platform(platform),
	})
}

// explainBuild says which build failed. What the failing instruction printed is among the progress lines only: the
// engine's error does not carry it.
func explainBuild(image, platform string, err error) error {
	return fmt.Errorf("building %s for %s: %s; what it printed is in the progress above; fix the source or %s", image, platform, err, workspace.Dockerfile(image))
}
