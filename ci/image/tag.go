package image

import (
	"context"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Tag points a tag of the image's own repository at the image, from wherever
// the tag pointed before. digestRef is repository@sha256:…; nothing is
// uploaded but the manifest, and not even that when the tag is there already.
func (r *Registry) Tag(ctx context.Context, digestRef, tag string) error {
	digest, err := name.NewDigest(digestRef, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("tagging image %q as %q: %w; give repository@sha256:…", digestRef, tag, err)
	}
	target, err := name.NewTag(digest.Context().String()+":"+tag, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("tagging image %q: %w", digestRef, err)
	}
	descriptor, err := r.get(ctx, digest)
	if err != nil {
		return r.explain("tagging image", digest, err)
	}
	if now, err := r.get(ctx, target); err == nil && now.Digest == descriptor.Digest {
		return nil
	}
	pusher, err := remote.NewPusher(r.options...)
	if err != nil {
		return err
	}
	if err := pusher.Put(ctx, target, descriptor); err != nil {
		return r.explain("tagging image", target, err)
	}
	return nil
}
