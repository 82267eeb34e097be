// Package dns01 stands in for proofs by DNS record.
package dns01

import (
	"strings"
	"time"
)

// ChallengeOption changes how a proof is made.
type ChallengeOption func()

// Options of a DNS client.
type Options struct{ RecursiveNameservers []string }

// Client asks name servers whether a proof can be seen.
type Client struct{}

// NewClient returns a client that does nothing.
func NewClient(*Options) *Client { return &Client{} }

// SetDefaultClient does nothing.
func SetDefaultClient(*Client) {}

// CondOptions returns an option that does nothing.
func CondOptions(bool, ...ChallengeOption) ChallengeOption { return func() {} }

// DisableAuthoritativeNssPropagationRequirement returns an option that does nothing.
func DisableAuthoritativeNssPropagationRequirement() ChallengeOption { return func() {} }

// DisableRecursiveNSsPropagationRequirement returns an option that does nothing.
func DisableRecursiveNSsPropagationRequirement() ChallengeOption { return func() {} }

// PropagationWait returns an option that does nothing.
func PropagationWait(time.Duration, bool) ChallengeOption { return func() {} }

// UnFqdn is the name without the dot of the DNS root at its end. Traefik
// compares the names of certificates with it, so this one is real.
func UnFqdn(name string) string { return strings.TrimSuffix(name, ".") }
