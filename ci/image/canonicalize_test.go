package image_test

import (
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestPublishKeepsWhatRuns(t *testing.T) {
	server := newServer(t)
	swapped := map[string]artifact{"dashboard": indexOf(t, "hello", noon, "linux/arm64", "linux/amd64")}
	images, err := writer(t).Publish(t.Context(), publication(t, server, "hello", swapped))
	require.NoError(t, err)
	index := manifestOf(t, images["dashboard"])

	assert.Equal(t, types.OCIImageIndex, index.MediaType)
	require.Len(t, index.Manifests, 2)
	for i, platform := range image.Platforms {
		child := index.Manifests[i]
		assert.Equal(t, platform, child.Platform.String())
		assert.Equal(t, types.OCIManifestSchema1, child.MediaType)

		got := pull(t, server.host+"/team/dashboard@"+child.Digest.String())
		config, err := got.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, time.Unix(0, 0).UTC(), config.Created.Time)
		assert.Empty(t, config.History)

		built := imageOf(t, "hello", noon, child.Platform)
		want, err := built.ConfigFile()
		require.NoError(t, err)
		want.Created, want.History = config.Created, config.History
		assert.Equal(t, want, config, "nothing else of the configuration changes")
		assert.Equal(t, layersOf(t, built), layersOf(t, got))
	}
}

// manifestOf is the index behind a digest.
func manifestOf(t *testing.T, reference string) *v1.IndexManifest {
	t.Helper()
	ref, err := name.NewDigest(reference)
	require.NoError(t, err)
	index, err := remote.Index(ref)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	return manifest
}

func pull(t *testing.T, digest string) v1.Image {
	t.Helper()
	ref, err := name.NewDigest(digest)
	require.NoError(t, err)
	pulled, err := remote.Image(ref)
	require.NoError(t, err)
	return pulled
}

func layersOf(t *testing.T, of v1.Image) []v1.Descriptor {
	t.Helper()
	manifest, err := of.Manifest()
	require.NoError(t, err)
	return manifest.Layers
}
