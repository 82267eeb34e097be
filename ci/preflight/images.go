package preflight

import (
	"context"
	"strings"
)

// released asks the registry for every image of the release, on every platform.
func (i inspector) released(ctx context.Context) Check {
	if err := i.images.Verify(ctx, i.Release, i.Platforms); err != nil {
		return failed("", "%v", err)
	}
	return passed("%d images by digest, each for %s", len(i.Release.Images), strings.Join(i.Platforms, " and "))
}
