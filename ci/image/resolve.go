package image

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Resolve gives the repository@digest that ref, a tag or a digest, stands for
// now. The error is ErrNotFound, ErrDenied or ErrUnreachable.
func (r *Registry) Resolve(ctx context.Context, ref string) (string, error) {
	parsed, err := parse(ref)
	if err != nil {
		return "", err
	}
	descriptor, err := r.get(ctx, parsed)
	if err != nil {
		return "", r.explain("resolving image", parsed, err)
	}
	return parsed.Context().Digest(descriptor.Digest.String()).String(), nil
}

// Pin gives ref with the digest that it stands for now: repository:tag@sha256:….
// A digest stays as it is. The errors are those of Resolve.
func (r *Registry) Pin(ctx context.Context, ref string) (string, error) {
	resolved, err := r.Resolve(ctx, ref)
	if err != nil {
		return "", err
	}
	if strings.Contains(ref, "@") {
		return ref, nil
	}
	_, digest, _ := strings.Cut(resolved, "@")
	return ref + "@" + digest, nil
}

// get asks by GET, since the answer to a HEAD does not say whether the tag or
// the whole repository is missing.
func (r *Registry) get(ctx context.Context, ref name.Reference) (*remote.Descriptor, error) {
	return r.puller.Get(ctx, ref)
}

// parse refuses a reference without a tag or digest: reading it as "latest"
// would be a guess.
func parse(ref string) (name.Reference, error) {
	parsed, err := name.ParseReference(ref, name.StrictValidation)
	if err != nil {
		return nil, fmt.Errorf("parsing image reference %q: %w; give registry/repository:tag or registry/repository@sha256:…", ref, err)
	}
	return parsed, nil
}
