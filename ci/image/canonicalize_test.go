package image_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestCanonicalizeIsReproducible(t *testing.T) {
	server, registry := newServer(t), writer(t)
	ref := server.host + "/team/dashboard:v1"
	first, swapped := image.Platforms, []string{"linux/arm64", "linux/amd64"}
	var want string

	for _, test := range []struct {
		name      string
		text      string
		clock     time.Time
		platforms []string
		uploads   int64
		same      bool
	}{
		{name: "the first time two configurations are new", text: "hello", clock: noon, platforms: first, uploads: 2},
		{name: "the same build again", text: "hello", clock: noon, platforms: first, same: true},
		{name: "built later, with another history", text: "hello", clock: noon.Add(time.Hour), platforms: first, same: true},
		{name: "built in another order of platforms", text: "hello", clock: noon, platforms: swapped, same: true},
		{name: "another content", text: "bye", clock: noon, platforms: first, uploads: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			built := server.publish(t, "/team/dashboard:v1", indexOf(t, test.text, test.clock, test.platforms...))
			server.uploads.Store(0)
			got, err := registry.Canonicalize(t.Context(), ref)
			require.NoError(t, err)
			assert.NotEqual(t, built, got)
			assert.Equal(t, test.same, got == want)
			assert.Equal(t, test.uploads, server.uploads.Load())
			want = got

			again, err := registry.Canonicalize(t.Context(), ref)
			require.NoError(t, err)
			assert.Equal(t, got, again)
			assert.Equal(t, test.uploads, server.uploads.Load(), "the second time uploads nothing")
			now, err := registry.Resolve(t.Context(), ref)
			require.NoError(t, err)
			assert.Equal(t, got, now)
		})
	}
	_, err := client(t, image.Options{}).Canonicalize(t.Context(), ref)
	assert.NoError(t, err, "nothing is left to write, so no right to write is needed")
}

func TestCanonicalizeKeepsWhatRuns(t *testing.T) {
	server := newServer(t)
	server.publish(t, "/team/dashboard:v1", indexOf(t, "hello", noon, "linux/arm64", "linux/amd64"))
	index := canonicalize(t, server, "/team/dashboard:v1")

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

func TestCanonicalizeMakesAnIndexOfOneImage(t *testing.T) {
	server := newServer(t)
	server.publish(t, "/team/dashboard:v1", imageOf(t, "hello", noon, &v1.Platform{OS: "linux", Architecture: "arm64"}))
	index := canonicalize(t, server, "/team/dashboard:v1")
	require.Len(t, index.Manifests, 1)
	assert.Equal(t, "linux/arm64", index.Manifests[0].Platform.String())
}

func TestCanonicalizeNeverTagsHalfAnIndex(t *testing.T) {
	for name, fails := range map[string]func(*http.Request) bool{
		"a configuration": func(r *http.Request) bool { return r.URL.Query().Has("digest") },
		"an image":        func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/manifests/sha256:") },
		"the index":       func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/manifests/v1") },
	} {
		t.Run(name, func(t *testing.T) {
			var broken atomic.Bool
			broken.Store(true)
			server := newServer(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if broken.Load() && r.Method == http.MethodPut && fails(r) {
						w.WriteHeader(http.StatusInternalServerError)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			ref, registry := server.host+"/team/dashboard:v1", writer(t)
			built := server.publish(t, "/team/dashboard:v1", indexOf(t, "hello", noon, image.Platforms...))

			_, err := registry.Canonicalize(t.Context(), ref)
			require.ErrorIs(t, err, image.ErrUnreachable)
			now, err := registry.Resolve(t.Context(), ref)
			require.NoError(t, err)
			assert.Equal(t, built, now, "the tag still names what the builder pushed")

			broken.Store(false)
			got, err := registry.Canonicalize(t.Context(), ref)
			require.NoError(t, err, "the same command again ends what the first began")
			now, err = registry.Resolve(t.Context(), ref)
			require.NoError(t, err)
			assert.Equal(t, got, now)
		})
	}
}

func TestCanonicalizeRefuses(t *testing.T) {
	server := newServer(t)
	built := indexOf(t, "hello", noon, image.Platforms...)
	byDigest := strings.TrimPrefix(server.publish(t, "/team/dashboard:v1", built), server.host)
	server.publish(t, "/foreign/dashboard:v1", built)
	server.publish(t, "/team/empty:v1", empty.Index)

	for _, test := range []struct {
		name, ref string
		options   image.Options
		is        error
		says      string
	}{
		{name: "no credentials", ref: "/team/dashboard:v1", is: image.ErrDenied, says: "none were given"},
		{name: "wrong password", ref: "/team/dashboard:v1", options: image.Options{Username: user, Password: "wrong"}, is: image.ErrDenied, says: `refuses the credentials of user "builder"`},
		{name: "another's repository", ref: "/foreign/dashboard:v1", options: image.Options{Username: user, Password: password}, is: image.ErrDenied, says: "ask its owner"},
		{name: "unknown tag", ref: "/team/dashboard:v9", is: image.ErrNotFound, says: "no such image"},
		{name: "no image", ref: "/team/empty:v1", says: "there is no image in its index"},
		{name: "no tag", ref: "/team/dashboard", says: "give registry/repository:tag"},
		{name: "a digest", ref: byDigest, says: "give registry/repository:tag"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := client(t, test.options).Canonicalize(t.Context(), server.host+test.ref)
			require.ErrorContains(t, err, test.says)
			assert.ErrorContains(t, err, test.ref)
			assert.NotContains(t, err.Error(), "wrong")
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}

// canonicalize gives the index that path names afterwards.
func canonicalize(t *testing.T, server *server, path string) *v1.IndexManifest {
	t.Helper()
	pushed, err := writer(t).Canonicalize(t.Context(), server.host+path)
	require.NoError(t, err)
	ref, err := name.NewDigest(pushed)
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
