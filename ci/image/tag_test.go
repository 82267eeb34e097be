package image_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestTag(t *testing.T) {
	server, registry := newServer(t), writer(t)
	repository := server.host + "/team/dashboard"
	refs := map[string]string{}
	for _, version := range []string{"v1", "v2"} {
		refs[version] = server.publish(t, "/team/dashboard:"+version, indexOf(t, version, noon, image.Platforms...))
	}
	for _, version := range []string{"v1", "v1", "v2"} {
		require.NoError(t, registry.Tag(t.Context(), refs[version], "latest"))
		got, err := registry.Resolve(t.Context(), repository+":latest")
		require.NoError(t, err)
		assert.Equal(t, refs[version], got)
	}
	assert.ErrorIs(t, registry.Tag(t.Context(), repository+absent, "latest"), image.ErrNotFound)
	assert.ErrorIs(t, client(t, image.Options{}).Tag(t.Context(), refs["v1"], "stable"), image.ErrDenied)
	assert.ErrorContains(t, registry.Tag(t.Context(), repository+":v1", "latest"), "give repository@sha256:")
	assert.Error(t, registry.Tag(t.Context(), refs["v1"], "not a tag"))
}
