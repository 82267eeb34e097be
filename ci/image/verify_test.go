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

	lost := release.Release{Version: "v1", Images: map[string]string{"a": "127.0.0.1:1/team/a" + absent, "b": "127.0.0.1:1/team/b" + absent}}
	err = registry.Verify(t.Context(), lost, image.Platforms)
	require.ErrorIs(t, err, image.ErrUnreachable)
	assert.NotContains(t, err.Error(), "\n", "an unreachable registry is one problem")
}
