//go:build e2e && soak

package e2e

import (
	"fmt"
	"testing"
)

// Two sessions of one engine publish side by side, thirty times each: credentials that one of them gave must not be
// missing from the other.
func TestSoakTwoSessionsPublish(t *testing.T) {
	source := v1.source(t)
	mustCall(t, "--source", source, "publish", "contents")
	for session := range 2 {
		t.Run(fmt.Sprint("session ", session+1), func(t *testing.T) {
			t.Parallel()
			for range 30 {
				mustCall(t, "--source", source, "publish", "contents")
			}
		})
	}
}
