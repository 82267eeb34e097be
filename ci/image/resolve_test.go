package image_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/release"
)

const absent = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func TestResolve(t *testing.T) {
	server := newServer(t)
	pushed, err := writer(t).PushTarball(t.Context(), build(t, "hello", noon, image.Platforms...), server.host+"/team/dashboard:v1")
	require.NoError(t, err)

	for _, test := range []struct {
		name, ref string
		is        error
		says      string
	}{
		{name: "tag", ref: server.host + "/team/dashboard:v1"},
		{name: "digest", ref: pushed.Ref},
		{name: "unknown tag", ref: server.host + "/team/dashboard:v2", is: image.ErrNotFound, says: "no such image"},
		{name: "unknown digest", ref: server.host + "/team/dashboard" + absent, is: image.ErrNotFound, says: "no such image"},
		{name: "unknown repository", ref: server.host + "/team/nothing:v1", is: image.ErrNotFound, says: "no repository"},
		{name: "neither tag nor digest", ref: server.host + "/team/dashboard", says: "parsing image reference"},
		{name: "no such host", ref: "127.0.0.1:1/team/dashboard:v1", is: image.ErrUnreachable, says: "check the network"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := client(t, image.Options{}).Resolve(t.Context(), test.ref)
			if test.says == "" {
				require.NoError(t, err)
				assert.Equal(t, pushed.Ref, got)
				return
			}
			require.ErrorContains(t, err, test.says)
			assert.ErrorContains(t, err, test.ref)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}

func TestResolveReadsWhatTheRegistryAnswers(t *testing.T) {
	for _, test := range []struct {
		status  int
		options image.Options
		is      error
		says    string
	}{
		{http.StatusUnauthorized, image.Options{}, image.ErrDenied, "none were given"},
		{http.StatusUnauthorized, image.Options{Username: user, Password: "old"}, image.ErrDenied, "has not expired"},
		{http.StatusForbidden, image.Options{}, image.ErrDenied, "does not exist or is not public"},
		{http.StatusForbidden, image.Options{Username: user, Password: password}, image.ErrDenied, "may not do this"},
		{http.StatusTooManyRequests, image.Options{}, image.ErrUnreachable, "try again later"},
		{http.StatusServiceUnavailable, image.Options{}, image.ErrUnreachable, "answers 503 after several tries"},
	} {
		t.Run(test.says, func(t *testing.T) {
			server := newServer(t, answering(test.status))
			_, err := client(t, test.options).Resolve(t.Context(), server.host+"/team/dashboard:v1")
			require.ErrorIs(t, err, test.is)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

func TestExists(t *testing.T) {
	server := newServer(t)
	_, err := writer(t).PushTarball(t.Context(), build(t, "hello", noon, "linux/amd64"), server.host+"/team/dashboard:v1")
	require.NoError(t, err)
	registry := client(t, image.Options{})

	there, err := registry.Exists(t.Context(), server.host+"/team/dashboard:v1")
	require.NoError(t, err)
	assert.True(t, there)
	there, err = registry.Exists(t.Context(), server.host+"/team/dashboard:v2")
	require.NoError(t, err)
	assert.False(t, there)
	_, err = registry.Exists(t.Context(), "127.0.0.1:1/team/dashboard:v1")
	assert.ErrorIs(t, err, image.ErrUnreachable)
}

func TestRetryOutlastsAShortFailure(t *testing.T) {
	failures := 1
	server := newServer(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if failures > 0 {
				failures--
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	_, err := client(t, image.Options{}).Resolve(t.Context(), server.host+"/team/dashboard:v1")
	assert.ErrorIs(t, err, image.ErrNotFound)
}

func TestVerify(t *testing.T) {
	server, registry := newServer(t), writer(t)
	push := func(repository string, platforms ...string) string {
		pushed, err := registry.PushTarball(t.Context(), build(t, repository, noon, platforms...), server.host+"/team/"+repository+":v1")
		require.NoError(t, err)
		return pushed.Ref
	}
	whole, half := push("dashboard", image.Platforms...), push("agent-manager", "linux/amd64")
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

func TestTag(t *testing.T) {
	server, registry := newServer(t), writer(t)
	repository := server.host + "/team/dashboard"
	refs := map[string]string{}
	for _, version := range []string{"v1", "v2"} {
		pushed, err := registry.PushTarball(t.Context(), build(t, version, noon, image.Platforms...), repository+":"+version)
		require.NoError(t, err)
		refs[version] = pushed.Ref
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

func TestRelease(t *testing.T) {
	const version = "20261123T101530-1a2b3c4"
	server, registry := newServer(t), writer(t)
	app := config.Application{
		Registry:   server.host + "/team",
		Services:   []config.Service{{Name: "dashboard"}, {Name: "agent-manager"}},
		SmokeImage: "smoke",
	}
	want := map[string]string{}
	for _, name := range app.Images() {
		pushed, err := registry.PushTarball(t.Context(), build(t, name, noon, image.Platforms...), app.Repository(name)+":"+version)
		require.NoError(t, err)
		want[name] = pushed.Ref
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
}

func TestNewRefuses(t *testing.T) {
	_, err := image.New(image.Options{Username: user})
	assert.ErrorContains(t, err, "incomplete")
	_, err = image.New(image.Options{CA: []byte("no certificate")})
	assert.ErrorContains(t, err, "give a PEM file")
}
