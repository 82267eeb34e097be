//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestPrune plants objects that no recorded release names, as a release of long ago would have left them. The next
// deploy removes what belongs to releases, and nothing that keeps state or keeps others out.
func TestPrune(t *testing.T) {
	const planted = "ci/e2e/testdata/planted.yaml"
	kubectl(t, "-n", staging, "apply", "-f", planted)
	t.Cleanup(func() { kubectl(t, "-n", staging, "delete", "--ignore-not-found", "-f", planted) })

	next, release := v2.release(t)
	if liveIn(t, "staging").Release == release.Version {
		next, _ = v1.release(t)
	}
	mustCall(t, "deploy", "--env", "staging", "--release-file", next, "--watch", "0s")

	left := strings.Fields(kubectl(t, "-n", staging, "get", "-f", planted, "--ignore-not-found", "-o", "name"))
	slices.Sort(left)
	assert.Equal(t, []string{
		"networkpolicy.networking.k8s.io/planted",
		"persistentvolumeclaim/planted",
		"secret/planted",
		"serviceaccount/planted",
		"statefulset.apps/planted",
	}, left)
}
