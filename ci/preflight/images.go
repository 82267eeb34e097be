package preflight

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// released asks the registry for every image of the release, on every platform, and for those of the data layer.
func (i inspector) released(ctx context.Context) Finding {
	var problems []string
	err := i.images.Verify(ctx, i.Release, i.Platforms)
	if err == nil {
		err = i.images.Verify(ctx, release.Release{Images: i.ownData()}, nil)
	}
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, image := range render.Images(i.Objects) {
		// With a digest it is the release's, or was found before.
		if strings.Contains(image, "@") {
			continue
		}
		_, err := i.images.Resolve(ctx, image)
		if err == nil {
			err = fmt.Errorf("image %q has no digest, since the registry did not answer at first; run the same command again", image)
		}
		problems = append(problems, err.Error())
	}
	if len(problems) > 0 {
		return of("", errors.New(strings.Join(problems, "; ")))
	}
	return of(fmt.Sprintf("%d images by digest, each for %s", len(i.Release.Images), strings.Join(i.Platforms, " and ")), nil)
}

// ownData are the data layer's images that are published beside those of the release, so that the same clean-up of the
// registry may have taken parts of them. What others publish is not asked for: their registries count requests.
func (i inspector) ownData() map[string]string {
	beside, released := map[string]bool{}, map[string]bool{}
	for _, reference := range i.Release.Images {
		beside[path.Dir(repository(reference))], released[reference] = true, true
	}
	images := map[string]string{}
	for _, image := range render.Images(i.Objects) {
		if strings.Contains(image, "@") && beside[path.Dir(repository(image))] && !released[image] {
			images[path.Base(repository(image))] = image
		}
	}
	return images
}

// repository is an image without its tag and digest.
func repository(image string) string {
	image, _, _ = strings.Cut(image, "@")
	if colon := strings.LastIndex(image, ":"); colon > strings.LastIndex(image, "/") {
		image = image[:colon]
	}
	return image
}
