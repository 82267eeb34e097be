package image

import (
	"context"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Canonicalize replaces what a builder pushed as ref, registry/repository:tag, by
// the index that PushTarball would have pushed of the same images. Only
// configurations and manifests are written, a few kilobytes; layers stay as they
// are. Doing it again changes nothing.
func (r *Registry) Canonicalize(ctx context.Context, ref string) (Pushed, error) {
	tag, err := parseTag(ref)
	if err != nil {
		return Pushed{}, err
	}
	descriptor, err := r.get(ctx, tag)
	if err != nil {
		return Pushed{}, r.explain("reading image", tag, err)
	}
	images, err := imagesOf(descriptor)
	if err != nil {
		return Pushed{}, r.explain("reading image", tag, err)
	}
	return r.push(ctx, tag, images)
}

// imagesOf lists the images of an index, or the one that there is without one.
func imagesOf(descriptor *remote.Descriptor) ([]v1.Image, error) {
	if !descriptor.MediaType.IsIndex() {
		image, err := descriptor.Image()
		return []v1.Image{image}, err
	}
	index, err := descriptor.ImageIndex()
	if err != nil {
		return nil, err
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, err
	}
	images := make([]v1.Image, len(manifest.Manifests))
	for i, child := range manifest.Manifests {
		if images[i], err = index.Image(child.Digest); err != nil {
			return nil, err
		}
	}
	return images, nil
}
