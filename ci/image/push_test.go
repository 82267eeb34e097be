package image_test

import (
	"os"
	"path/filepath"
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

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestPushTarballIsReproducible(t *testing.T) {
	server, registry := newServer(t), writer(t)
	ref := server.host + "/team/dashboard:v1"
	both := image.Platforms

	first, err := registry.PushTarball(t.Context(), build(t, "hello", noon, both...), ref)
	require.NoError(t, err)
	// Two bases, two configurations, and one layer that both platforms share.
	assert.Equal(t, 5, first.Uploaded)
	assert.Equal(t, 0, first.Skipped)

	t.Run("the same image again uploads nothing", func(t *testing.T) {
		again, err := registry.PushTarball(t.Context(), build(t, "hello", noon, both...), ref)
		require.NoError(t, err)
		assert.Equal(t, image.Pushed{Ref: first.Ref, Skipped: 5}, again)
	})
	t.Run("built later, and in another order of platforms", func(t *testing.T) {
		later := build(t, "hello", noon.Add(time.Hour), both[1], both[0])
		again, err := registry.PushTarball(t.Context(), later, server.host+"/team/dashboard:v2")
		require.NoError(t, err)
		assert.Equal(t, image.Pushed{Ref: first.Ref, Skipped: 5}, again)
	})
	t.Run("another content is another digest and shares the base", func(t *testing.T) {
		changed, err := registry.PushTarball(t.Context(), build(t, "bye", noon, both...), ref)
		require.NoError(t, err)
		assert.NotEqual(t, first.Ref, changed.Ref)
		assert.Equal(t, 3, changed.Uploaded)
		assert.Equal(t, 2, changed.Skipped)
	})
}

func TestPushTarballKeepsWhatRuns(t *testing.T) {
	server := newServer(t)
	pushed, err := writer(t).PushTarball(t.Context(), build(t, "hello", noon, image.Platforms...), server.host+"/team/dashboard:v1")
	require.NoError(t, err)

	ref, err := name.ParseReference(pushed.Ref)
	require.NoError(t, err)
	arm, err := remote.Image(ref, remote.WithPlatform(v1.Platform{OS: "linux", Architecture: "arm64"}))
	require.NoError(t, err)
	config, err := arm.ConfigFile()
	require.NoError(t, err)
	assert.Equal(t, "arm64", config.Architecture)
	assert.Equal(t, []string{"/server"}, config.Config.Entrypoint)
	assert.Len(t, config.RootFS.DiffIDs, 2)
	assert.Equal(t, time.Unix(0, 0).UTC(), config.Created.Time)
	assert.Empty(t, config.History)

	index, err := remote.Get(ref)
	require.NoError(t, err)
	assert.Equal(t, types.OCIImageIndex, index.MediaType)
}

func TestPushTarballRefuses(t *testing.T) {
	server := newServer(t)
	good := build(t, "hello", noon, "linux/amd64")
	garbage := filepath.Join(t.TempDir(), "garbage.tar")
	require.NoError(t, os.WriteFile(garbage, []byte("this is no tar file, and it is longer than a header would be"), 0o600))
	noLayout := pack(t, t.TempDir())
	damaged := tamper(t, good)

	for _, test := range []struct {
		name, path, ref string
		options         image.Options
		is              error
		says            string
	}{
		{name: "no credentials", path: good, ref: "/team/dashboard:v1", is: image.ErrDenied, says: "none were given"},
		{name: "wrong password", path: good, ref: "/team/dashboard:v1", options: image.Options{Username: user, Password: "wrong"}, is: image.ErrDenied, says: `refuses the credentials of user "builder"`},
		{name: "another's repository", path: good, ref: "/foreign/dashboard:v1", options: image.Options{Username: user, Password: password}, is: image.ErrDenied, says: "ask its owner"},
		{name: "no tag", path: good, ref: "/team/dashboard", says: "give registry/repository:tag"},
		{name: "no file", path: "/nowhere.tar", ref: "/team/dashboard:v1", is: os.ErrNotExist, says: "/nowhere.tar"},
		{name: "no tar file", path: garbage, ref: "/team/dashboard:v1", says: "as tar file"},
		{name: "no layout", path: noLayout, ref: "/team/dashboard:v1", says: "no OCI layout"},
		{name: "damaged", path: damaged, ref: "/team/dashboard:v1", says: "does not have that digest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client(t, test.options).PushTarball(t.Context(), test.path, server.host+test.ref)
			require.Error(t, err)
			assert.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "wrong")
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}
