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
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Publication is what Publish makes.
type Publication struct {
	Application config.Application
	// Version becomes the tag of the release's images.
	Version string
	// DataTags are the tags of the images of the data layer; see config.DataImage.Tag.
	DataTags map[string]string
	// Build makes an image for every platform and pushes it to its repository by
	// digest, without a tag. It returns repository@sha256:….
	Build func(ctx context.Context, image string) (string, error)
}

// reference is what an image is published as, registry/repository:tag.
func (p Publication) reference(image string) string {
	tag, ok := p.DataTags[image]
	if !ok {
		tag = p.Version
	}
	return p.Application.Repository(image) + ":" + tag
}

// Publish builds the images of a release, gives them its version as a tag, and
// returns each by its digest. Those of the data layer are built when the registry
// lacks them.
//
// A version is bound to its images once. When it names others already, nothing is
// tagged and the error tells which; when it names the same, nothing is uploaded but
// what is missing. Every tag is written once, after all that it names, so that a
// registry whose tags are immutable takes it, and no tag names half an image.
func (r *Registry) Publish(ctx context.Context, p Publication) (map[string]string, error) {
	if err := release.CheckVersionFor(p.Application, p.Version); err != nil {
		return nil, err
	}
	var repositories []string
	for _, image := range p.Application.AllImages() {
		repositories = append(repositories, p.Application.Repository(image))
	}
	if err := r.CheckPush(ctx, repositories...); err != nil {
		return nil, err
	}
	built, err := r.build(ctx, p)
	if err != nil {
		return nil, err
	}
	candidates, err := r.candidates(ctx, p, built)
	if err != nil {
		return nil, err
	}
	if err := r.bind(ctx, p.Version, candidates); err != nil {
		return nil, err
	}
	images := map[string]string{}
	for _, c := range candidates {
		if slices.Contains(p.Application.Images(), c.image) {
			images[c.image] = c.tag.Context().Digest(c.digest.String()).String()
		}
	}
	return images, nil
}

// build has every image built that is to be published, and returns what the builder
// pushed, by the image's name. It does not limit how many are built at once: the
// builder knows that best.
func (r *Registry) build(ctx context.Context, p Publication) (map[string]string, error) {
	images := p.Application.AllImages()
	pushed := make([]string, len(images))
	group, ctx := errgroup.WithContext(ctx)
	for i, image := range images {
		group.Go(func() error {
			if _, data := p.DataTags[image]; data {
				// One that is there is left alone, whatever was built into it.
				if err := r.verify(ctx, image, p.reference(image), nil); !errors.Is(err, ErrNotFound) {
					return err
				}
			}
			var err error
			pushed[i], err = p.Build(ctx, image)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	built := map[string]string{}
	for i, image := range images {
		if pushed[i] != "" {
			built[image] = pushed[i]
		}
	}
	return built, nil
}

// candidate is an image in its canonical form, and the tag that it is to have.
type candidate struct {
	image  string
	tag    name.Tag
	index  v1.ImageIndex
	digest v1.Hash
	// found says that the tag is there, and now what it names.
	found bool
	now   v1.Hash
}

// candidates are the images that were built, in the order of their names. The context
// has to outlive them: what they hold is read on demand.
func (r *Registry) candidates(ctx context.Context, p Publication, built map[string]string) ([]candidate, error) {
	images := slices.Sorted(maps.Keys(built))
	candidates := make([]candidate, len(images))
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, image := range images {
		group.Go(func() (err error) {
			candidates[i], err = r.candidate(ctx, image, built[image], p.reference(image))
			return err
		})
	}
	return candidates, group.Wait()
}

func (r *Registry) candidate(ctx context.Context, image, pushed, reference string) (candidate, error) {
	digest, err := name.NewDigest(pushed, name.StrictValidation)
	if err != nil {
		return candidate{}, fmt.Errorf("publishing %s: its build returned %q: %w", image, pushed, err)
	}
	tag, err := name.NewTag(reference, name.StrictValidation)
	if err != nil {
		return candidate{}, fmt.Errorf("publishing %s: %w", image, err)
	}
	c := candidate{image: image, tag: tag}
	if c.index, err = r.canonical(ctx, digest); err != nil {
		return candidate{}, err
	}
	if c.digest, err = c.index.Digest(); err != nil {
		return candidate{}, r.explain("reading image", digest, err)
	}
	c.now, c.found, err = r.lookUp(ctx, tag)
	return c, err
}

// bind gives the candidates their tags, or none of them.
func (r *Registry) bind(ctx context.Context, version string, candidates []candidate) error {
	var taken []string
	for _, c := range candidates {
		if c.found && c.now != c.digest {
			taken = append(taken, fmt.Sprintf("%s (%s there, %s here)", c.image, short(c.now), short(c.digest)))
		}
	}
	if len(taken) > 0 {
		return fmt.Errorf("publishing version %q: it was published with other images, and a version never changes: %s; deploy what is there with --release %s, or publish this under a --version of its own",
			version, strings.Join(taken, ", "), version)
	}
	pusher, err := remote.NewPusher(r.options...)
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(concurrency)
	for _, c := range candidates {
		group.Go(func() error { return r.push(ctx, pusher, c) })
	}
	return group.Wait()
}

// push sends what the repository lacks, and the index last: only configurations and
// manifests, since the builder pushed the layers.
func (r *Registry) push(ctx context.Context, pusher *remote.Pusher, c candidate) error {
	if c.found {
		return r.restore(ctx, pusher, c)
	}
	err := pusher.Push(ctx, c.tag, c.index)
	if err == nil {
		return nil
	}
	// The answer may have been lost, and the try after it refused since the tag was there.
	if now, found, lookUp := r.lookUp(ctx, c.tag); lookUp == nil && found && now == c.digest {
		return nil
	}
	return r.explain("pushing image", c.tag, err)
}

// restore pushes the manifests that the tag's index names and the registry has no more.
func (r *Registry) restore(ctx context.Context, pusher *remote.Pusher, c candidate) error {
	manifests, err := partial.Manifests(c.index)
	if err != nil {
		return r.explain("reading image", c.tag, err)
	}
	for _, manifest := range manifests {
		image, ok := manifest.(v1.Image)
		if !ok {
			continue
		}
		digest, err := image.Digest()
		if err != nil {
			return r.explain("reading image", c.tag, err)
		}
		if err := pusher.Push(ctx, c.tag.Context().Digest(digest.String()), image); err != nil {
			return r.explain("pushing image", c.tag, err)
		}
	}
	return nil
}

// short is enough of a digest to tell two apart.
func short(digest v1.Hash) string { return digest.Algorithm + ":" + digest.Hex[:12] }
