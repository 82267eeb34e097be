//go:build e2e

package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// watched is long enough for several samples and short enough for a test.
const watched = "10s"

// deployed is the part of deploy's JSON that the tests read.
type deployed struct {
	Release  string   `json:"release"`
	Slot     string   `json:"slot"`
	Outcome  string   `json:"outcome"`
	Changed  bool     `json:"changed"`
	Revision int      `json:"revision"`
	Warnings []string `json:"warnings"`
}

func deploy(t testing.TB, env, file string, flags ...string) deployed {
	t.Helper()
	out := mustCall(t, append([]string{"deploy", "--env", env, "--release-file", file, "--watch", watched, "--format", "json"}, flags...)...)
	var result deployed
	require.NoError(t, json.Unmarshal([]byte(out), &result), out)
	return result
}

// TestJourney is the life of an application on the lab, in order: each part begins where the one before ended. Go runs
// the tests of a folder by the names of its files: this one comes first, and the others find what it left running.
func TestJourney(t *testing.T) {
	fresh(t, "staging", "production")
	withSecrets(t, "staging")
	withSecrets(t, "production")
	first, release1 := v1.release(t)
	second, release2 := v2.release(t)

	part(t, "every index has both platforms", func(t *testing.T) {
		for _, reference := range release1.Images {
			assert.Equal(t, []string{"linux/amd64", "linux/arm64"}, platformsOf(t, reference), reference)
		}
	})

	part(t, "staging is rolled to the release", func(t *testing.T) {
		got := deploy(t, "staging", first)
		assert.Equal(t, "succeeded", got.Outcome)
		assert.True(t, got.Changed)
		requireDigests(t, staging, "app.kubernetes.io/part-of=team-dashboard", release1.Images)
	})

	part(t, "the same release again is no deploy", func(t *testing.T) {
		before := state(t, staging)
		got := deploy(t, "staging", first)
		assert.False(t, got.Changed)
		assert.Equal(t, before, state(t, staging), "a no-op wrote something")
	})

	part(t, "production gets its first release", func(t *testing.T) {
		got := deploy(t, "production", first)
		assert.Equal(t, "succeeded", got.Outcome)
		assert.Equal(t, got.Slot, liveSlot(t))
		requireDigests(t, production, "team-dashboard.app/slot="+got.Slot, release1.Images)
		requireTags(t, release1.Images, "production", "latest")
	})
	kept := uids(t, staging, production) + storePods(t, staging, production)

	part(t, "v1 to v2 and back under load", func(t *testing.T) { thereAndBack(t, second, release1.Version, release2.Version) })

	part(t, "a release that never gets ready leaves production untouched", func(t *testing.T) {
		broken, _ := v3.release(t)
		live := liveSlot(t)
		before := templates(podsOf(t, production, "team-dashboard.app/slot="+live))
		text := refused(t, "deploy", "--env", "production", "--release-file", broken, "--watch", watched, "--ready-timeout", "25s")
		assert.Contains(t, text, "agent-manager-"+other(live))
		assert.Contains(t, text, "no traffic of production had moved")
		assert.Equal(t, live, liveSlot(t))
		assert.Equal(t, before, templates(podsOf(t, production, "team-dashboard.app/slot="+live)), "pods of the live slot were replaced")
		assert.Empty(t, templates(podsOf(t, production, "team-dashboard.app/slot="+other(live))), "the failed slot still has pods")
	})

	part(t, "a release that crashes is refused with its last words", func(t *testing.T) {
		broken, _ := v5.release(t)
		live := liveSlot(t)
		text := refused(t, "deploy", "--env", "production", "--release-file", broken, "--watch", watched)
		assert.Contains(t, text, "openai-service-"+other(live))
		assert.Equal(t, live, liveSlot(t))
	})

	part(t, "a release that fails after the switch is switched back", func(t *testing.T) {
		broken, release4 := v4.release(t)
		live := liveSlot(t)
		text := refused(t, "deploy", "--env", "production", "--release-file", broken, "--watch", "3m")
		assert.Contains(t, text, "switched back")
		assert.Equal(t, live, liveSlot(t))
		history := mustCall(t, "history", "--env", "production")
		assert.Regexp(t, release4.Version+`.*reverted`, history)
		requireTags(t, release1.Images, "production", "latest")
	})

	part(t, "a deploy that is killed is finished by the same command", func(t *testing.T) { killed(t, second, release2.Version) })

	part(t, "of two deploys at once one runs", func(t *testing.T) { twoAtOnce(t, first) })

	part(t, "without a release, the source goes through staging to production", func(t *testing.T) {
		out := mustCall(t, "--source", v2.source(t), "deploy", "--env", "production", "--watch", "0s")
		assert.Contains(t, out, release2.Version)
		requireDigests(t, staging, "app.kubernetes.io/part-of=team-dashboard", release2.Images)
		requireDigests(t, production, "team-dashboard.app/slot="+liveSlot(t), release2.Images)
	})

	part(t, "what the databases write is archived, before any backup", func(t *testing.T) {
		for _, namespace := range []string{staging, production} {
			assert.Equal(t, "t", sqlIn(t, namespace, "postgres-0", "SELECT archived_count > 0 FROM pg_stat_archiver"), namespace)
		}
	})

	part(t, "nothing that keeps state was touched meanwhile", func(t *testing.T) {
		assert.Equal(t, kept, uids(t, staging, production)+storePods(t, staging, production))
	})
}

// thereAndBack deploys the second release over the first and rolls back, under a constant load.
func thereAndBack(t *testing.T, second, old, new string) {
	before := liveSlot(t)
	book := underLoad(t, "team-dashboard.app")
	got := deploy(t, "production", second)
	assert.Equal(t, "succeeded", got.Outcome)
	assert.Equal(t, other(before), liveSlot(t))

	begin := time.Now()
	mustCall(t, "rollback", "--env", "production")
	t.Logf("rollback to the parked slot took %s", time.Since(begin).Round(100*time.Millisecond))
	assert.Equal(t, before, liveSlot(t))

	entries := book.Stop()
	t.Logf("%d requests; old and new answered side by side for %s", len(entries), overlap(entries, begin, old, new))
	assert.Greater(t, len(entries), 500, "the load was no load")
	assert.Empty(t, failures(entries), "a user saw a failed request")
	assert.Equal(t, map[string][]string{before: {old}, other(before): {new}}, releasesBySlot(entries), "two releases behind one slot")
}

func other(slot string) string {
	if slot == "blue" {
		return "green"
	}
	return "blue"
}

// templates are the pod templates that pods were made from: the same before and after, whatever the autoscaler did.
func templates(pods []pod) []string {
	var all []string
	for _, p := range pods {
		all = append(all, p.Metadata.Labels["app"]+" "+p.Metadata.Labels["pod-template-hash"])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// part is a subtest without which the ones after it make no sense.
func part(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, test) {
		t.FailNow()
	}
}

// The doors are the ones of the runbooks, so they are tried on what the journey left.
func TestRunbookDoors(t *testing.T) {
	door := func(name string, args ...string) answer {
		return run(t, filepath.Join(repository(t), "scripts/deployment", name), args...)
	}
	got := door("health-check.sh", "production", "--verbose")
	assert.Zero(t, got.code, got.stdout+tail(got.stderr, 30))
	for _, check := range []string{"pods", "endpoints", "databases", "response time", "smoke"} {
		assert.Contains(t, strings.ToLower(got.stdout), check)
	}
	got = door("setup-secrets.sh", "production", "verify")
	assert.Zero(t, got.code, got.stdout+tail(got.stderr, 30))
	assert.Contains(t, got.stdout, "postgres-url")
	assert.Equal(t, 2, door("rollback.sh", "--to").code)
	assert.Equal(t, 2, door("health-check.sh").code)
}
