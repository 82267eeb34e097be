package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

// Push puts an image into the lab's registry under a reference of one of
// Hosts ("docker.io/library/node:24-trixie-slim"), and says whether it had to:
// what is there already, under that digest, is not sent again.
func Push(ctx context.Context, h *host.Host, reference string, index v1.ImageIndex) (pushed bool, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("pushing %q to the lab's registry: %w", reference, err)
		}
	}()
	ref, err := name.ParseReference(reference)
	if err != nil {
		return false, err
	}
	options, err := client(ctx, h)
	if err != nil {
		return false, err
	}
	return push(ref, index, options)
}

func push(ref name.Reference, index v1.ImageIndex, options []remote.Option) (pushed bool, err error) {
	want, err := index.Digest()
	if err != nil {
		return false, err
	}
	have, err := digest(ref, options)
	if err != nil || have == want {
		return false, err
	}
	return true, remote.WriteIndex(ref, index, options...)
}

// Digest is the digest of what the lab's registry has under a reference, the
// zero hash when it has nothing.
func Digest(ctx context.Context, h *host.Host, reference string) (v1.Hash, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return v1.Hash{}, err
	}
	options, err := client(ctx, h)
	if err != nil {
		return v1.Hash{}, err
	}
	return digest(ref, options)
}

func digest(ref name.Reference, options []remote.Option) (v1.Hash, error) {
	descriptor, err := remote.Head(ref, options...)
	var answer *transport.Error
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return v1.Hash{}, nil
	}
	if err != nil {
		return v1.Hash{}, fmt.Errorf("asking for %q: %w", ref, err)
	}
	return descriptor.Digest, nil
}

func client(ctx context.Context, h *host.Host) ([]remote.Option, error) {
	secret, err := password(h)
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(ctx, h)
	if err != nil {
		return nil, err
	}
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithTransport(transport),
		remote.WithAuth(&authn.Basic{Username: User, Password: secret}),
	}, nil
}

// newTransport reaches the lab's registry by the names of all of Hosts.
func newTransport(ctx context.Context, h *host.Host) (*http.Transport, error) {
	authority, err := pki.Load(ctx, h)
	if err != nil {
		return nil, err
	}
	return authority.Transport(Address), nil
}
