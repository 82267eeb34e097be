package image_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestRelease(t *testing.T) {
	const version = "20261123T101530-1a2b3c4"
	server, registry := newServer(t), writer(t)
	app := config.Application{
		Registry:     server.host + "/team",
		Services:     []config.Service{{Name: "dashboard"}, {Name: "agent-manager"}},
		SmokeImage:   "smoke",
		Environments: []config.Environment{{Name: "staging"}},
	}
	want := map[string]string{}
	for _, name := range app.Images() {
		want[name] = server.publish(t, "/team/"+name+":"+version, indexOf(t, name, noon, image.Platforms...))
	}
	got, err := registry.Release(t.Context(), app, version)
	require.NoError(t, err)
	assert.Equal(t, want, got.Images)
	assert.Equal(t, version, got.Version)
	assert.Equal(t, "1a2b3c4", got.Commit)
	assert.Equal(t, "2026-11-23T10:15:30Z", got.Created.Format("2006-01-02T15:04:05Z07:00"))
	require.NoError(t, got.ValidateFor(app))

	_, err = registry.Release(t.Context(), app, "v9")
	require.ErrorIs(t, err, image.ErrNotFound)
	assert.ErrorContains(t, err, `finding release "v9"`)
	_, err = registry.Release(t.Context(), app, "no version")
	assert.ErrorContains(t, err, `version "no version"`)

	server.publish(t, "/team/dashboard:staging", indexOf(t, "dashboard", noon, image.Platforms...))
	_, err = registry.Release(t.Context(), app, "staging")
	assert.ErrorContains(t, err, `version "staging": a tag that every deploy moves`)
}
