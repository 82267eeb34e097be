package image_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/release"
)

func TestVerify(t *testing.T) {
	server, registry := newServer(t), writer(t)
	whole := server.publish(t, "/team/dashboard:v1", indexOf(t, "hello", noon, image.Platforms...))
	half := server.publish(t, "/team/agent-manager:v1", indexOf(t, "hello", noon, "linux/amd64"))
	missing := server.host + "/team/mcp-manager" + absent

	good := release.Release{Version: "v1", Images: map[string]string{"dashboard": whole}}
	require.NoError(t, registry.Verify(t.Context(), good, image.Platforms))

	bad := release.Release{Version: "v1", Images: map[string]string{"dashboard": whole, "agent-manager": half, "mcp-manager": missing}}
	err := registry.Verify(t.Context(), bad, image.Platforms)
	require.ErrorIs(t, err, image.ErrPlatform)
	require.ErrorIs(t, err, image.ErrNotFound)
	assert.ErrorContains(t, err, "it has no linux/arm64, only linux/amd64")
	assert.ErrorContains(t, err, missing)
	assert.NotContains(t, err.Error(), whole)
	assert.NotContains(t, err.Error(), "\n", "one line")

	lost := release.Release{Version: "v1", Images: map[string]string{"a": "127.0.0.1:1/team/a" + absent, "b": "127.0.0.1:1/team/b" + absent}}
	err = registry.Verify(t.Context(), lost, image.Platforms)
	require.ErrorIs(t, err, image.ErrUnreachable)
	assert.NotContains(t, err.Error(), "\n", "an unreachable registry is one problem")
}

// Whoever removes untagged manifests from a registry removes those that an index names.
func TestVerifyAsksForEveryManifestOfAnIndex(t *testing.T) {
	server, registry := newServer(t), writer(t)
	index := indexOf(t, "hello", noon, "linux/amd64", "linux/arm64", "linux/s390x")
	reference := server.publish(t, "/team/dashboard:v1", index)
	whole := server.publish(t, "/team/smoke:v1", indexOf(t, "hello", noon, image.Platforms...))
	rel := release.Release{Images: map[string]string{"dashboard": reference, "smoke": whole}}
	manifests := manifestOf(t, reference).Manifests

	server.remove(t, server.host+"/team/dashboard@"+manifests[2].Digest.String())
	require.NoError(t, registry.Verify(t.Context(), rel, image.Platforms), "no platform that is needed")
	require.NoError(t, registry.Verify(t.Context(), rel, nil))

	server.remove(t, server.host+"/team/dashboard@"+manifests[1].Digest.String())
	for _, platforms := range [][]string{image.Platforms, {"linux/arm64"}, nil} {
		err := registry.Verify(t.Context(), rel, platforms)
		require.ErrorIs(t, err, image.ErrNotFound)
		assert.ErrorContains(t, err, reference)
		assert.ErrorContains(t, err, "not the manifest for linux/arm64 "+manifests[1].Digest.String())
		assert.NotContains(t, err.Error(), "smoke")
	}
	assert.NoError(t, registry.Verify(t.Context(), rel, []string{"linux/amd64"}))
}
