package image

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// Verify checks that every image of the release is in the registry and has
// every platform ("linux/amd64"), and that the manifests which its index names are
// there, too: whoever removes untagged manifests removes those. All problems are
// reported at once, each an ErrNotFound, ErrPlatform or ErrDenied; a registry that
// cannot be reached, or refuses the credentials, is one problem, whatever the
// number of images. Without platforms an image may lack any, and must have whole
// what it says it has of Platforms.
func (r *Registry) Verify(ctx context.Context, rel release.Release, platforms []string) error {
	return each(ctx, slices.Sorted(maps.Keys(rel.Images)), func(ctx context.Context, name string) error {
		return r.verify(ctx, name, rel.Images[name], platforms)
	})
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
	manifests, err := manifestsOf(descriptor)
	if err != nil {
		return r.explain("reading platforms of image", parsed, err)
	}
	there := slices.Sorted(maps.Keys(manifests))
	missing := slices.DeleteFunc(slices.Clone(platforms), func(p string) bool { return slices.Contains(there, p) })
	if len(missing) > 0 {
		return fmt.Errorf("verifying image %q of %s: %w: it has no %s, only %s; publish it for every platform", ref, service, ErrPlatform, strings.Join(missing, ", "), strings.Join(there, ", "))
	}
	if len(platforms) == 0 {
		platforms = slices.DeleteFunc(slices.Clone(Platforms), func(p string) bool { return !slices.Contains(there, p) })
	}
	gone, err := r.gone(ctx, parsed.Context(), manifests, platforms)
	if err != nil {
		return r.explain("verifying image", parsed, err)
	}
	if len(gone) > 0 {
		return fmt.Errorf("verifying image %q of %s: %w: its index is there, but not the manifest for %s; publish the same source again, and keep what an index names out of the registry's clean-up", ref, service, ErrNotFound, strings.Join(gone, ", "))
	}
	return nil
}

// gone lists the platforms whose manifests the registry has no more.
func (r *Registry) gone(ctx context.Context, repository name.Repository, manifests map[string]v1.Hash, platforms []string) ([]string, error) {
	var gone []string
	for _, platform := range platforms {
		_, err := r.puller.Head(ctx, repository.Digest(manifests[platform].String()))
		switch {
		case err == nil:
		case errors.Is(r.cause(repository, err), ErrNotFound):
			gone = append(gone, platform+" "+manifests[platform].String())
		default:
			return nil, err
		}
	}
	return gone, nil
}

// manifestsOf maps each platform, as "os/architecture", to its manifest: those that
// an index names, or the one of a single image, whose configuration says what it is
// for.
func manifestsOf(descriptor *remote.Descriptor) (map[string]v1.Hash, error) {
	if !descriptor.MediaType.IsIndex() {
		image, err := descriptor.Image()
		if err != nil {
			return nil, err
		}
		config, err := image.ConfigFile()
		if err != nil {
			return nil, err
		}
		return map[string]v1.Hash{platformName(config.Platform()): descriptor.Digest}, nil
	}
	index, err := descriptor.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	manifests := map[string]v1.Hash{}
	for _, child := range manifest.Manifests {
		manifests[platformName(child.Platform)] = child.Digest
	}
	return manifests, nil
}

// platformName leaves the variant out: arm64 and arm64/v8 are the same.
func platformName(platform *v1.Platform) string {
	if platform == nil {
		return "unknown"
	}
	return platform.OS + "/" + platform.Architecture
}
