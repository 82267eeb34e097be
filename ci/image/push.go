package image

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Pushed is what a push came to.
type Pushed struct {
	// Ref is the pushed index as repository@sha256:….
	Ref string
	// Uploaded and Skipped count blobs: those sent, and those that the
	// repository had already.
	Uploaded, Skipped int
}

// PushTarball pushes the images of an OCI layout in a tar file, one a platform,
// as one index under ref, registry/repository:tag. What tells of the build is
// taken out and platforms are put in order, so what was built from the same source
// has the same digest whenever and wherever it was built. Blobs that the repository
// has are not sent again; the index goes last, so the tag never names half an image.
func (r *Registry) PushTarball(ctx context.Context, path, ref string) (Pushed, error) {
	tag, err := parseTag(ref)
	if err != nil {
		return Pushed{}, err
	}
	opened, err := openLayout(path)
	if err != nil {
		return Pushed{}, fmt.Errorf("pushing image %q: %w", tag, err)
	}
	defer opened.Close()
	images, err := opened.images()
	if err != nil {
		return Pushed{}, fmt.Errorf("pushing image %q: %w", tag, err)
	}
	return r.push(ctx, tag, images)
}

// push makes one canonical index of the images and pushes it.
func (r *Registry) push(ctx context.Context, tag name.Tag, images []v1.Image) (Pushed, error) {
	index, blobs, err := canonicalIndex(images)
	if err != nil {
		return Pushed{}, fmt.Errorf("pushing image %q: %w", tag, err)
	}
	digest, err := index.Digest()
	if err != nil {
		return Pushed{}, fmt.Errorf("pushing image %q: %w", tag, err)
	}
	counter := &uploadCounter{inner: r.transport}
	pusher, err := r.pusher(counter)
	if err != nil {
		return Pushed{}, err
	}
	if err := pusher.Push(ctx, tag, index); err != nil {
		return Pushed{}, r.explain("pushing image", tag, err)
	}
	uploaded := int(counter.uploads.Load())
	return Pushed{Ref: tag.Context().Digest(digest.String()).String(), Uploaded: uploaded, Skipped: blobs - uploaded}, nil
}

func parseTag(ref string) (name.Tag, error) {
	tag, err := name.NewTag(ref, name.StrictValidation)
	if err != nil {
		return name.Tag{}, fmt.Errorf("parsing image reference %q: %w; give registry/repository:tag", ref, err)
	}
	return tag, nil
}

// canonicalIndex makes the index to push, and counts the distinct blobs below it.
func canonicalIndex(images []v1.Image) (v1.ImageIndex, int, error) {
	if len(images) == 0 {
		return nil, 0, errors.New("there is no image in it")
	}
	children, blobs := []mutate.IndexAddendum{}, map[v1.Hash]bool{}
	for _, image := range images {
		child, err := canonicalImage(image)
		if err != nil {
			return nil, 0, err
		}
		if err := countBlobs(child.Add.(v1.Image), blobs); err != nil {
			return nil, 0, err
		}
		children = append(children, child)
	}
	slices.SortFunc(children, func(a, b mutate.IndexAddendum) int {
		return cmp.Compare(a.Platform.String(), b.Platform.String())
	})
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	return mutate.AppendManifests(index, children...), len(blobs), nil
}

// canonicalImage takes out of the configuration what tells of the build and not of
// the image: the time, and the history, whose text differs with what the builder
// had in its cache. Layers are left as they are; Dockerfiles give their files
// fixed times.
func canonicalImage(image v1.Image) (mutate.IndexAddendum, error) {
	original, err := image.ConfigFile()
	if err != nil {
		return mutate.IndexAddendum{}, fmt.Errorf("reading an image's configuration: %w", err)
	}
	config := original.DeepCopy()
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.History = nil
	canonical, err := mutate.ConfigFile(image, config)
	if err != nil {
		return mutate.IndexAddendum{}, fmt.Errorf("taking the times out of an image: %w", err)
	}
	return mutate.IndexAddendum{Add: canonical, Descriptor: v1.Descriptor{Platform: config.Platform()}}, nil
}

func countBlobs(image v1.Image, seen map[v1.Hash]bool) error {
	manifest, err := image.Manifest()
	if err != nil {
		return fmt.Errorf("counting an image's blobs: %w", err)
	}
	for _, blob := range append(manifest.Layers, manifest.Config) {
		seen[blob.Digest] = true
	}
	return nil
}

// uploadCounter counts blobs that were uploaded: each upload ends in one PUT
// that carries the blob's digest.
type uploadCounter struct {
	inner   http.RoundTripper
	uploads atomic.Int64
}

func (c *uploadCounter) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := c.inner.RoundTrip(request)
	if err == nil && request.Method == http.MethodPut && request.URL.Query().Has("digest") && response.StatusCode == http.StatusCreated {
		c.uploads.Add(1)
	}
	return response, err
}
