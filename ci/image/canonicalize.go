package image

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// canonical reads what a builder pushed and makes one OCI index of the same images.
// What tells of the build is taken out and platforms are put in order, so what was
// built from the same source has the same digest whenever and wherever it was built.
// Layers stay as they are.
func (r *Registry) canonical(ctx context.Context, built name.Digest) (v1.ImageIndex, error) {
	descriptor, err := r.get(ctx, built)
	if err != nil {
		return nil, r.explain("reading image", built, err)
	}
	images, err := imagesOf(descriptor)
	if err != nil {
		return nil, r.explain("reading image", built, err)
	}
	if len(images) == 0 {
		return nil, fmt.Errorf("reading image %q: there is no image in its index; publish it again", built)
	}
	index, err := canonicalIndex(images)
	if err != nil {
		return nil, r.explain("reading image", built, err)
	}
	return index, nil
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

// canonicalIndex depends on what the images hold only, not on their order.
func canonicalIndex(images []v1.Image) (v1.ImageIndex, error) {
	children := make([]mutate.IndexAddendum, len(images))
	for i, image := range images {
		child, err := canonicalImage(image)
		if err != nil {
			return nil, err
		}
		children[i] = child
	}
	slices.SortFunc(children, func(a, b mutate.IndexAddendum) int {
		return cmp.Compare(a.Platform.String(), b.Platform.String())
	})
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	return mutate.AppendManifests(index, children...), nil
}

// canonicalImage takes out of the configuration what tells of the build and not of
// the image: the time, and the history, whose text differs with what the builder
// had in its cache. Layers are left as they are; Dockerfiles give their files
// fixed times.
func canonicalImage(image v1.Image) (mutate.IndexAddendum, error) {
	original, err := image.ConfigFile()
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	config := original.DeepCopy()
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.History = nil
	canonical, err := mutate.ConfigFile(image, config)
	if err != nil {
		return mutate.IndexAddendum{}, err
	}
	return mutate.IndexAddendum{Add: canonical, Descriptor: v1.Descriptor{Platform: config.Platform()}}, nil
}
