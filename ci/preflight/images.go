package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/render"
)

// released asks the registry for every image of the release, on every platform, and for those of the data layer.
func (i inspector) released(ctx context.Context) Check {
	var problems []string
	if err := i.images.Verify(ctx, i.Release, i.Platforms); err != nil {
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
		return failed("", "%s", strings.Join(problems, "; "))
	}
	return passed("%d images by digest, each for %s", len(i.Release.Images), strings.Join(i.Platforms, " and "))
}
