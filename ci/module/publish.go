package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/workspace"
)

// Publish the images of a release to the registry, and return the release file.
//
// Every image is an OCI index with linux/amd64 and linux/arm64, tagged with the release's
// version: the UTC time and the short hash of the commit. What the registry has already is
// not uploaded again. The images of the data layer, which belong to no release, are pushed when
// their Dockerfile has changed. The release file names each image by its digest; deploy takes it.
//
// Example: dagger call publish export --path release.json
// +cache="never"
func (m *TeamDashboard) Publish(
	ctx context.Context,
	// A version of your own, such as v1.0.0, instead of commit time and hash.
	// +optional
	version string,
) (*dagger.File, error) {
	built, err := m.publish(ctx, version)
	if err != nil {
		return nil, err
	}
	return dag.Directory().WithNewFile("release.json", string(built.JSON())).File("release.json"), nil
}

func (m *TeamDashboard) publish(ctx context.Context, version string) (release.Release, error) {
	if err := m.buildable(ctx); err != nil {
		return release.Release{}, err
	}
	revision, err := m.name(ctx, version)
	if err != nil {
		return release.Release{}, err
	}
	app := config.TeamDashboard()
	registry, err := m.registry(ctx)
	if err != nil {
		return release.Release{}, err
	}
	if err := registry.CheckPush(ctx, app.Repository(app.Images()[0])); err != nil {
		return release.Release{}, err
	}
	built := release.Release{Version: revision.version, Commit: revision.commit, Created: revision.created, Images: map[string]string{}}
	references := make([]string, len(app.Images()))
	group, groupCtx := errgroup.WithContext(ctx)
	for _, data := range app.DataImages {
		group.Go(func() error { return m.pushOnce(groupCtx, registry, data) })
	}
	for i, name := range app.Images() {
		group.Go(func() (err error) {
			references[i], err = m.push(groupCtx, registry, name, app.Repository(name)+":"+revision.version)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return release.Release{}, err
	}
	for i, name := range app.Images() {
		built.Images[name] = references[i]
	}
	return built, built.ValidateFor(app)
}

// name is the revision under the version that the caller chose, if any.
func (m *TeamDashboard) name(ctx context.Context, version string) (revision, error) {
	if version == "" {
		return m.revision(ctx)
	}
	if _, err := release.Explicit(version); err != nil {
		return revision{}, err
	}
	known, err := m.revision(ctx)
	if err != nil {
		known = revision{}
	}
	known.version = version
	return known, nil
}

// pushOnce builds and pushes an image of the data layer, unless the registry has what its Dockerfile makes.
func (m *TeamDashboard) pushOnce(ctx context.Context, registry *image.Registry, data config.DataImage) error {
	dockerfile, err := m.buildContext().File(workspace.Dockerfile(data.Name)).Contents(ctx)
	if err != nil {
		return fmt.Errorf("reading the Dockerfile of %s: %s", data.Name, err)
	}
	reference := config.TeamDashboard().Repository(data.Name) + ":" + data.Tag([]byte(dockerfile))
	exists, err := registry.Exists(ctx, reference)
	if err == nil && !exists {
		_, err = m.push(ctx, registry, data.Name, reference)
	}
	return err
}

// push builds and pushes one index and returns it by digest. The builder writes its clock into what it pushes, which the
// canonical form takes out: the same source gives the same digest.
func (m *TeamDashboard) push(ctx context.Context, registry *image.Registry, name, reference string) (string, error) {
	variants := make([]*dagger.Container, len(image.Platforms))
	for i, platform := range image.Platforms {
		built, err := m.container(name, platform).Sync(ctx)
		if err != nil {
			return "", explainBuild(name, platform, err)
		}
		variants[i] = built
	}
	_, err := m.authorized().Publish(ctx, reference, dagger.ContainerPublishOpts{
		PlatformVariants: variants, MediaTypes: dagger.ImageMediaTypesOcimediaTypes,
	})
	if err != nil {
		return "", fmt.Errorf("pushing %s: %s; check the registry and its credentials, then run the same command again", reference, err)
	}
	return registry.Canonicalize(ctx, reference)
}
