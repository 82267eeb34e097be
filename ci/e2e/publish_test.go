//go:build e2e

package e2e

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// A version gets its images once, each by one write of its tag, and keeps them.
func TestAVersionIsBoundToItsImages(t *testing.T) {
	version := "e2e-" + strconv.FormatInt(time.Now().UnixNano(), 36)
	mine := variant{name: version, notes: version, commit: day(6)}
	source := mine.source(t)

	first := publishCounted(t, source, "--version", version)
	parsed, err := release.Parse([]byte(first.release))
	require.NoError(t, err)
	assert.Equal(t, len(parsed.Images), first.tags, "each tag is written once")
	requireTags(t, parsed.Images, version)

	again := publishCounted(t, source, "--version", version)
	assert.Equal(t, first.release, again.release)
	assert.Zero(t, again.uploads)
	assert.Zero(t, again.tags)

	text := refused(t, "--source", v2.source(t), "publish", "--version", version, "contents")
	assert.Contains(t, text, `publishing version "`+version+`": it was published with other images`)
	assert.Contains(t, text, "dashboard (sha256:")
	requireTags(t, parsed.Images, version)

	// A clean-up of the registry that takes untagged manifests: told before a deploy, and put right by publish.
	index, err := remote.Index(atLab(t, parsed.Images["dashboard"]), registryOptions(t)...)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	child := atLab(t, parsed.Images["dashboard"]).Context().Digest(manifest.Manifests[1].Digest.String())
	require.NoError(t, remote.Delete(child, registryOptions(t)...))
	text = refused(t, "plan", "--env", "staging", "--release", version)
	assert.Contains(t, text, "not the manifest for linux/arm64 "+child.DigestStr())
	mustCall(t, "--source", source, "publish", "--version", version, "contents")
	_, err = remote.Get(child, registryOptions(t)...)
	assert.NoError(t, err)
}
