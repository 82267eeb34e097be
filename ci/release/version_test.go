package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

func TestNewVersion(t *testing.T) {
	const hash = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
	for _, test := range []struct{ name, hash, dirty, want string }{
		{"clean", hash, "", "20261123T101530-1a2b3c4"},
		{"short hash", "1a2b3c4", "", "20261123T101530-1a2b3c4"},
		{"dirty", hash, "0f9e8d7c6b5a", "20261123T101530-1a2b3c4-0f9e8d7c"},
		{"dirty, digest with algorithm", hash, "sha256:0f9e8d7c6b5a", "20261123T101530-1a2b3c4-0f9e8d7c"},
		{"no commit", "", "0f9e8d7c6b5a", "20261123T101530-0f9e8d7c"},
	} {
		t.Run(test.name, func(t *testing.T) {
			east := commitTime.In(time.FixedZone("", 9*3600))
			version := release.NewVersion(east, test.hash, test.dirty)
			assert.Equal(t, test.want, version)
			assert.NoError(t, release.CheckVersion(version))
		})
	}
	earlier := release.NewVersion(commitTime.Add(-time.Second), "f", "")
	assert.Less(t, earlier, release.NewVersion(commitTime, hash, ""), "later commits sort later")
}

func TestSplitVersion(t *testing.T) {
	for _, version := range []string{"20261123T101530-1a2b3c4", "20261123T101530-1a2b3c4-0f9e8d7c"} {
		when, hash, ok := release.SplitVersion(version)
		require.True(t, ok)
		assert.Equal(t, commitTime, when)
		assert.Equal(t, "1a2b3c4", hash)
	}
	for _, version := range []string{"", "v1.0.0", "20261123T101530", "20261123T101530-0f9e8d7c", "20261399T101530-1a2b3c4"} {
		_, _, ok := release.SplitVersion(version)
		assert.False(t, ok, version)
	}
}

func TestCheckVersion(t *testing.T) {
	for _, version := range []string{"v1.0.0", "1", "2026.11_rc-1", strings.Repeat("a", 63)} {
		assert.NoError(t, release.CheckVersion(version))
	}
	for _, version := range []string{"", ".v1", "-v1", "_v1", "v1.", "v1-", "v 1", "v1+build", "vé", "a/b", "a:b", strings.Repeat("a", 64)} {
		assert.ErrorContains(t, release.CheckVersion(version), "version "+`"`+version+`"`)
	}
}

func TestCheckVersionForRefusesTagsThatMove(t *testing.T) {
	app := config.TeamDashboard()
	for _, version := range []string{"staging", "production", "Production", "latest"} {
		err := release.CheckVersionFor(app, version)
		require.ErrorContains(t, err, `version "`+version+`": a tag that every deploy moves`)
		assert.ErrorContains(t, err, "give the release's own version")
	}
	assert.NoError(t, release.CheckVersionFor(app, "staging-2"))
	assert.ErrorContains(t, release.CheckVersionFor(app, "no version"), "not usable")
}
