// Package challenge stands in for lego's proofs of owning a domain.
package challenge

import (
	"context"
	"errors"
)

// ErrNoACME is the answer to every ACME call in the lab.
var ErrNoACME = errors.New("this Traefik is built without ACME; certificates come from the lab's CA")

// Provider publishes a proof and takes it away again.
type Provider interface {
	Present(ctx context.Context, domain, token, keyAuth string) error
	CleanUp(ctx context.Context, domain, token, keyAuth string) error
}
