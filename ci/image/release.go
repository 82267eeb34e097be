package image

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Release finds a published release by its version, the tag that its images
// carry. Commit and Created are known if the version names them (see
// release.NewVersion). The error is ErrNotFound if any image is missing. A tag that
// moves with each deploy is refused: it is no release.
func (r *Registry) Release(ctx context.Context, app config.Application, version string) (release.Release, error) {
	if err := release.CheckVersionFor(app, version); err != nil {
		return release.Release{}, err
	}
	names := app.Images()
	digests := make([]string, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, name := range names {
		group.Go(func() (err error) {
			digests[i], err = r.Resolve(ctx, app.Repository(name)+":"+version)
			return err
		})
	}
	if err := group.Wait(); errors.Is(err, ErrNotFound) {
		return release.Release{}, fmt.Errorf("finding release %q: %w", version, err)
	} else if err != nil {
		return release.Release{}, err
	}
	found := release.Release{Version: version, Images: map[string]string{}}
	found.Created, found.Commit, _ = release.SplitVersion(version)
	for i, name := range names {
		found.Images[name] = digests[i]
	}
	return found, nil
}
