// Package tlsalpn01 stands in for proofs by a certificate in a TLS handshake.
package tlsalpn01

import (
	"time"

	"github.com/go-acme/lego/v5/challenge"
)

// ACMETLS1Protocol is the protocol that an authority offers in the handshake
// of a proof (RFC 8737, section 6.2).
const ACMETLS1Protocol = "acme-tls/1"

// ChallengeOption changes how a proof is made.
type ChallengeOption func()

// SetDelay returns an option that does nothing.
func SetDelay(time.Duration) ChallengeOption { return func() {} }

// ChallengeBlocks always fails.
func ChallengeBlocks(domain, keyAuth string) (certificate, key []byte, err error) {
	return nil, nil, challenge.ErrNoACME
}
