package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// chosen is the release that the caller named: by its version, by the text of its release file, or by the file.
// ok is false when none was named.
func (m *TeamDashboard) chosen(ctx context.Context, named string, file *dagger.File) (chosen release.Release, ok bool, err error) {
	switch {
	case file != nil && named != "":
		return release.Release{}, false, errors.New("--release and --release-file: give one of the two")
	case file != nil:
		text, err := file.Contents(ctx)
		if err != nil {
			return release.Release{}, false, fmt.Errorf("reading --release-file: %s", err)
		}
		named = text
		if strings.TrimSpace(named) == "" {
			named = "{" // an empty file is a malformed one, not an absent one
		}
		fallthrough
	case strings.HasPrefix(strings.TrimSpace(named), "{"):
		chosen, err = release.Parse([]byte(named))
	case named == "":
		return release.Release{}, false, nil
	default:
		registry, err := m.registry(ctx)
		if err != nil {
			return release.Release{}, false, err
		}
		if chosen, err = registry.Release(ctx, config.TeamDashboard(), named); err != nil {
			return release.Release{}, false, err
		}
	}
	if err != nil {
		return release.Release{}, false, err
	}
	if err := release.CheckVersionFor(config.TeamDashboard(), chosen.Version); err != nil {
		return release.Release{}, false, err
	}
	return chosen, true, chosen.ValidateFor(config.TeamDashboard())
}

// published is chosen where a release has to be named.
func (m *TeamDashboard) published(ctx context.Context, named string, file *dagger.File) (release.Release, error) {
	chosen, given, err := m.chosen(ctx, named, file)
	if err == nil && !given {
		err = errors.New("no release: pass --release-file with what publish returned, or --release with a published version")
	}
	return chosen, err
}
