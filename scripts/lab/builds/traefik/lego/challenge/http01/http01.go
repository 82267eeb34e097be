// Package http01 stands in for proofs by a file at a known path.
package http01

import "time"

// PathPrefix is where an authority looks for proofs (RFC 8555, section 8.3).
const PathPrefix = "/.well-known/acme-challenge/"

// ChallengeOption changes how a proof is made.
type ChallengeOption func()

// SetDelay returns an option that does nothing.
func SetDelay(time.Duration) ChallengeOption { return func() {} }
