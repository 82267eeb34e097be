// Package dns stands in for lego's registry of DNS hosts, the reason for all
// these stand-ins: it imports an SDK for each of them.
package dns

import "github.com/go-acme/lego/v5/challenge"

// NewDNSChallengeProviderByName always fails.
func NewDNSChallengeProviderByName(string) (challenge.Provider, error) {
	return nil, challenge.ErrNoACME
}
