package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// Verify checks that every image of the release is in the registry and has
// every platform ("linux/amd64"). All problems are reported at once, each an
// ErrNotFound, ErrPlatform or ErrDenied; a registry that cannot be reached is
// one problem, whatever the number of images.
func (r *Registry) Verify(ctx context.Context, rel release.Release, platforms []string) error {
	names := slices.Sorted(maps.Keys(rel.Images))
	problems := make([]error, len(names))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, name := range names {
		group.Go(func() error {
			problems[i] = r.verify(ctx, name, rel.Images[name], platforms)
			if errors.Is(problems[i], ErrUnreachable) {
				return problems[i]
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return errors.Join(problems...)
}

func (r *Registry) verify(ctx context.Context, service, ref string, platforms []string) error {
	parsed, err := parse(ref)
	if err != nil {
		return err
	}
	descriptor, err := r.get(ctx, parsed)
	if err != nil {
		return r.explain("verifying image", parsed, err)
	}
	there, err := platformsOf(descriptor)
	if err != nil {
		return r.explain("reading platforms of image", parsed, err)
	}
	missing := slices.DeleteFunc(slices.Clone(platforms), func(p string) bool { return slices.Contains(there, p) })
	if len(missing) > 0 {
		return fmt.Errorf("verifying image %q of %s: %w: it has no %s, only %s; publish it for every platform", ref, service, ErrPlatform, strings.Join(missing, ", "), strings.Join(there, ", "))
	}
	return nil
}

// platformsOf lists what an index says it holds, or what the configuration of a
// single image says it is for, as "os/architecture" in order.
func platformsOf(descriptor *remote.Descriptor) ([]string, error) {
	if !descriptor.MediaType.IsIndex() {
		image, err := descriptor.Image()
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		return []string{platformName(config.Platform())}, nil
	}
	index, err := descriptor.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, child := range manifest.Manifests {
		names = append(names, platformName(child.Platform))
	}
	slices.Sort(names)
	return names, nil
}

// platformName leaves the variant out: arm64 and arm64/v8 are the same.
func platformName(platform *v1.Platform) string {
	if platform == nil {
		return "unknown"
	}
	return platform.OS + "/" + platform.Architecture
}
