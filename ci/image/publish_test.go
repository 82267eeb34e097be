package image_test

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// publication is one of the app whose images hold the text, and of some that are given.
func publication(t *testing.T, server *server, text string, given ...map[string]artifact) image.Publication {
	return image.Publication{
		Application: app(server.host), Version: "v1.0.0", DataTags: map[string]string{"postgres": "17-abc"},
		Build: func(_ context.Context, name string) (string, error) {
			for _, artifacts := range given {
				if built, ok := artifacts[name]; ok {
					return server.push(t, "/team/"+name, built), nil
				}
			}
			return server.push(t, "/team/"+name, indexOf(t, name+" "+text, noon, image.Platforms...)), nil
		},
	}
}

// others are artifacts of the whole app, made by the function.
func others(make func(name string) artifact) map[string]artifact {
	artifacts := map[string]artifact{}
	for _, name := range app("").AllImages() {
		artifacts[name] = make(name)
	}
	return artifacts
}

func TestPublishIsReproducible(t *testing.T) {
	server, registry := newServer(t), writer(t)
	swapped := []string{"linux/arm64", "linux/amd64"}
	var first map[string]string

	for _, test := range []struct {
		name          string
		given         map[string]artifact
		uploads, tags int64
	}{
		{name: "the first time each image has two configurations and a tag", uploads: 8, tags: 4},
		{name: "the same build again"},
		{name: "built later, with another history", given: others(func(name string) artifact {
			return indexOf(t, name+" hello", noon.Add(time.Hour), image.Platforms...)
		})},
		{name: "built in another order of platforms", given: others(func(name string) artifact {
			return indexOf(t, name+" hello", noon, swapped...)
		})},
	} {
		t.Run(test.name, func(t *testing.T) {
			server.uploads.Store(0)
			server.tags.Store(0)
			got, err := registry.Publish(t.Context(), publication(t, server, "hello", test.given))
			require.NoError(t, err)
			assert.Equal(t, test.uploads, server.uploads.Load())
			assert.Equal(t, test.tags, server.tags.Load(), "each tag is written once")
			if first == nil {
				first = got
			}
			assert.Equal(t, first, got)
		})
	}
	assert.ElementsMatch(t, []string{"dashboard", "agent-manager", "smoke"}, slices.Collect(maps.Keys(first)))
	found, err := registry.Release(t.Context(), app(server.host), "v1.0.0")
	require.NoError(t, err)
	assert.Equal(t, first, found.Images)
	_, err = registry.Resolve(t.Context(), server.host+"/team/postgres:17-abc")
	assert.NoError(t, err)
}

// A version is bound to its images once.
func TestPublishRefusesOtherImages(t *testing.T) {
	server, registry := newServer(t), writer(t)
	first, err := registry.Publish(t.Context(), publication(t, server, "hello"))
	require.NoError(t, err)
	server.tags.Store(0)

	changed := map[string]artifact{}
	for _, name := range []string{"dashboard", "smoke", "postgres"} {
		changed[name] = indexOf(t, "bye", noon, image.Platforms...)
	}
	_, err = registry.Publish(t.Context(), publication(t, server, "hello", changed))
	require.ErrorContains(t, err, `publishing version "v1.0.0": it was published with other images`)
	for name, says := range map[string]bool{"dashboard": true, "smoke": true, "agent-manager": false, "postgres": false} {
		assert.Equal(t, says, strings.Contains(err.Error(), name), "%s: %s", name, err)
	}
	_, digest, _ := strings.Cut(first["dashboard"], "@")
	assert.ErrorContains(t, err, "dashboard ("+digest[:len("sha256:")+12]+" there, sha256:")
	assert.ErrorContains(t, err, "--release v1.0.0")
	assert.ErrorContains(t, err, "--version of its own")
	assert.NotContains(t, err.Error(), "\n", "one line")

	assert.Zero(t, server.tags.Load())
	found, err := registry.Release(t.Context(), app(server.host), "v1.0.0")
	require.NoError(t, err)
	assert.Equal(t, first, found.Images, "no tag has moved, not even those of unchanged images")
}

// immutable is a registry whose tags can be written once. lose is how many first answers are lost.
func immutable(next http.Handler, lose int64) http.Handler {
	var written sync.Map
	var lost atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isTag(r) {
			next.ServeHTTP(w, r)
			return
		}
		if _, before := written.LoadOrStore(r.URL.Path, true); before {
			http.Error(w, `{"errors":[{"code":"DENIED","message":"tag is immutable"}]}`, http.StatusConflict)
			return
		}
		if lost.Add(1) <= lose {
			next.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func TestPublishToImmutableTags(t *testing.T) {
	for name, lose := range map[string]int64{"": 0, "whose answers are lost": 4} {
		t.Run(name, func(t *testing.T) {
			server := newServer(t, func(next http.Handler) http.Handler { return immutable(next, lose) })
			registry := writer(t)
			first, err := registry.Publish(t.Context(), publication(t, server, "hello"))
			require.NoError(t, err)
			again, err := registry.Publish(t.Context(), publication(t, server, "hello"))
			require.NoError(t, err)
			assert.Equal(t, first, again)
		})
	}
}

func TestPublishNeverTagsHalfAnImage(t *testing.T) {
	for name, fails := range map[string]func(*http.Request) bool{
		"a configuration": func(r *http.Request) bool { return r.URL.Query().Has("digest") },
		"an image":        func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/manifests/sha256:") },
		"the index":       isTag,
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
			registry := writer(t)
			_, err := registry.Publish(t.Context(), publication(t, server, "hello"))
			require.ErrorIs(t, err, image.ErrUnreachable)
			_, err = registry.Release(t.Context(), app(server.host), "v1.0.0")
			require.ErrorIs(t, err, image.ErrNotFound)

			broken.Store(false)
			got, err := registry.Publish(t.Context(), publication(t, server, "hello"))
			require.NoError(t, err, "the same command again ends what the first began")
			require.NoError(t, registry.Verify(t.Context(), release.Release{Images: got}, image.Platforms))
		})
	}
}

// What preflight tells to do about manifests that are gone has to work.
func TestPublishBringsBackWhatIsGone(t *testing.T) {
	server, registry := newServer(t), writer(t)
	images, err := registry.Publish(t.Context(), publication(t, server, "hello"))
	require.NoError(t, err)
	data, err := registry.Resolve(t.Context(), server.host+"/team/postgres:17-abc")
	require.NoError(t, err)
	all := release.Release{Images: map[string]string{"dashboard": images["dashboard"], "postgres": data}}
	for _, reference := range all.Images {
		repository, _, _ := strings.Cut(reference, "@")
		server.remove(t, repository+"@"+manifestOf(t, reference).Manifests[1].Digest.String())
	}
	err = registry.Verify(t.Context(), all, image.Platforms)
	require.ErrorIs(t, err, image.ErrNotFound)
	require.ErrorContains(t, err, "publish the same source again")

	again, err := registry.Publish(t.Context(), publication(t, server, "hello"))
	require.NoError(t, err)
	assert.Equal(t, images, again)
	assert.NoError(t, registry.Verify(t.Context(), all, image.Platforms))
}

func TestPublishChecksEveryRepositoryBeforeItBuilds(t *testing.T) {
	server := newServer(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && (strings.Contains(r.URL.Path, "/smoke/") || strings.Contains(r.URL.Path, "/postgres/")) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	wanted := publication(t, server, "hello")
	wanted.Build = func(context.Context, string) (string, error) { panic("built before the rights were known") }
	_, err := writer(t).Publish(t.Context(), wanted)
	require.ErrorIs(t, err, image.ErrDenied)
	assert.ErrorContains(t, err, server.host+"/team/smoke")
	assert.ErrorContains(t, err, server.host+"/team/postgres")
	assert.NotContains(t, err.Error(), "dashboard")
}

func TestPublishRefuses(t *testing.T) {
	server := newServer(t)
	failed := errors.New("building dashboard: exit code 1")
	for _, test := range []struct {
		name   string
		change func(*image.Publication)
		says   string
	}{
		{name: "a tag that moves", change: func(p *image.Publication) { p.Version = "staging" }, says: `version "staging": a tag that every deploy moves`},
		{name: "a build that fails", change: func(p *image.Publication) {
			p.Build = func(context.Context, string) (string, error) { return "", failed }
		}, says: failed.Error()},
		{name: "a build that returns no digest", change: func(p *image.Publication) {
			p.Build = func(_ context.Context, name string) (string, error) {
				return server.host + "/team/" + name + ":v1", nil
			}
		}, says: "its build returned"},
		{name: "a build that makes no image", change: func(p *image.Publication) {
			p.Build = func(_ context.Context, name string) (string, error) {
				return server.push(t, "/team/"+name, empty.Index), nil
			}
		}, says: "there is no image in its index"},
	} {
		t.Run(test.name, func(t *testing.T) {
			wanted := publication(t, server, "hello")
			test.change(&wanted)
			_, err := writer(t).Publish(t.Context(), wanted)
			require.ErrorContains(t, err, test.says)
			assert.Zero(t, server.tags.Load())
		})
	}
}

// Whoever builds for one platform has an index, too.
func TestPublishMakesAnIndexOfOneImage(t *testing.T) {
	server := newServer(t)
	single := map[string]artifact{"dashboard": imageOf(t, "hello", noon, &v1.Platform{OS: "linux", Architecture: "arm64"})}
	images, err := writer(t).Publish(t.Context(), publication(t, server, "hello", single))
	require.NoError(t, err)
	index := manifestOf(t, images["dashboard"])
	require.Len(t, index.Manifests, 1)
	assert.Equal(t, "linux/arm64", index.Manifests[0].Platform.String())
}
