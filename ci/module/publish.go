package main

import (
	"context"
	"fmt"
	"strings"
	"time"

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
// not uploaded again, and a version that was published with other images is refused. The images
// of the data layer, which belong to no release, are pushed when their Dockerfile has changed.
// The release file names each image by its digest; deploy takes it.
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
	files, src, err := m.buildContext(ctx)
	if err != nil {
		return release.Release{}, err
	}
	revision, err := src.name(ctx, version)
	if err != nil {
		return release.Release{}, err
	}
	dataTags, err := dataTags(ctx, files)
	if err != nil {
		return release.Release{}, err
	}
	registry, err := m.registry(ctx)
	if err != nil {
		return release.Release{}, err
	}
	app := config.TeamDashboard()
	push := func(ctx context.Context, name string) (string, error) { return m.push(ctx, files, name) }
	images, err := registry.Publish(ctx, image.Publication{Application: app, Version: revision.version, DataTags: dataTags, Build: push})
	if err != nil {
		return release.Release{}, err
	}
	built := release.Release{Version: revision.version, Commit: revision.commit, Created: revision.created, Images: images}
	return built, built.ValidateFor(app)
}

// name is the revision under the version that the caller chose, if any.
func (s source) name(ctx context.Context, version string) (revision, error) {
	if version == "" {
		return s.revision(ctx)
	}
	if err := release.CheckVersionFor(config.TeamDashboard(), version); err != nil {
		return revision{}, err
	}
	known, err := s.revision(ctx)
	if err != nil {
		known = revision{}
	}
	known.version = version
	return known, nil
}

// dataTags are the tags of the data layer's images, each made of the Dockerfile.
func dataTags(ctx context.Context, files *dagger.Directory) (map[string]string, error) {
	tags := map[string]string{}
	for _, data := range config.TeamDashboard().DataImages {
		dockerfile, err := files.File(workspace.Dockerfile(data.Name)).Contents(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading the Dockerfile of %s: %s", data.Name, err)
		}
		tags[data.Name] = data.Tag([]byte(dockerfile))
	}
	return tags, nil
}

// pushTimeout is enough for a first push of some hundred megabytes over a slow line.
const pushTimeout = 30 * time.Minute

// push builds an image for every platform and has the engine push it.
//
// The address has a digest, which the engine takes as "by digest": it pushes the index under its own, whatever digest the
// address has, and writes no tag. So the tag is written once, in the canonical form.
func (m *TeamDashboard) push(ctx context.Context, files *dagger.Directory, name string) (string, error) {
	variants := make([]*dagger.Container, len(image.Platforms))
	for i, platform := range image.Platforms {
		built, err := build(files, name, platform).Sync(ctx)
		if err != nil {
			return "", explainBuild(name, platform, err)
		}
		variants[i] = built
	}
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	repository := config.TeamDashboard().Repository(name)
	pushed, err := m.authorized().Publish(ctx, repository+"@sha256:"+strings.Repeat("0", 64), dagger.ContainerPublishOpts{
		PlatformVariants: variants, MediaTypes: dagger.ImageMediaTypesOcimediaTypes,
	})
	if err != nil {
		return "", fmt.Errorf("pushing %s: %s; check the registry and its credentials, then run the same command again", repository, err)
	}
	return pushed, nil
}
