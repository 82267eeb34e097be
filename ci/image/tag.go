package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// tagTimeout, with the longest pause between two tries, stays below a minute.
const tagTimeout = 45 * time.Second

// Tag points a tag of the image's own repository at the image, from wherever
// the tag pointed before. digestRef is repository@sha256:…; nothing is
// uploaded but the manifest, and not even that when the tag is there already.
//
// It returns within a minute, whatever the registry does. Nothing is deployed by
// such a tag, so an error is worth a warning and no more: ErrImmutable from a
// registry that lets no tag move, ErrUnreachable, ErrDenied or ErrNotFound.
func (r *Registry) Tag(ctx context.Context, digestRef, tag string) error {
	digest, err := name.NewDigest(digestRef, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("tagging image %q as %q: %w; give repository@sha256:…", digestRef, tag, err)
	}
	target, err := name.NewTag(digest.Context().String()+":"+tag, name.StrictValidation)
	if err != nil {
		return fmt.Errorf("tagging image %q: %w", digestRef, err)
	}
	bounded, cancel := context.WithTimeout(ctx, tagTimeout)
	defer cancel()
	err = r.tag(bounded, digest, target)
	if err != nil && errors.Is(bounded.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Errorf("tagging image %q: %w: %s did not do it within %s; try again later", target, ErrUnreachable, target.RegistryStr(), tagTimeout)
	}
	return err
}

func (r *Registry) tag(ctx context.Context, digest name.Digest, target name.Tag) error {
	descriptor, err := r.get(ctx, digest)
	if err != nil {
		return r.explain("tagging image", digest, err)
	}
	now, found, err := r.lookUp(ctx, target)
	if err != nil || found && now == descriptor.Digest {
		return err
	}
	pusher, err := remote.NewPusher(r.options...)
	if err != nil {
		return err
	}
	err = pusher.Put(ctx, target, descriptor)
	if found && refused(err) {
		return fmt.Errorf("tagging image %q: %w: it names %s, and %s refuses to overwrite it; exempt the tag %q from the registry's rule for immutable tags, or leave it: what runs is named by digest",
			target, ErrImmutable, now, target.RegistryStr(), target.TagStr())
	}
	if err != nil {
		return r.explain("tagging image", target, err)
	}
	return nil
}

// lookUp is the digest that a tag stands for now, if it is there.
func (r *Registry) lookUp(ctx context.Context, tag name.Tag) (digest v1.Hash, found bool, err error) {
	descriptor, err := r.get(ctx, tag)
	if err == nil {
		return descriptor.Digest, true, nil
	}
	if err = r.explain("looking up image", tag, err); errors.Is(err, ErrNotFound) {
		err = nil
	}
	return v1.Hash{}, false, err
}

// refused is any answer by which a registry says that it will not do it. They do
// not agree on the status for a tag that may not be overwritten: 400, 403, 409 and
// 412 are in use.
func refused(err error) bool {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusNotFound, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return answer.StatusCode >= 400 && answer.StatusCode < 500
}
