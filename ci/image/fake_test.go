package image_test

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/image"
)

const (
	user     = "builder"
	password = "correct-horse"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// whole takes a body that came to its end, as registries do: the library's takes the half of one, too.
func whole(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// app is a small application in a registry.
func app(host string) config.Application {
	return config.Application{
		Registry:     host + "/team",
		Services:     []config.Service{{Name: "dashboard"}, {Name: "agent-manager"}},
		SmokeImage:   "smoke",
		DataImages:   []config.DataImage{{Name: "postgres", Version: "17"}},
		Environments: []config.Environment{{Name: "staging"}, {Name: "production"}},
	}
}

// server is a registry that anyone may read and only user may write, as the
// repositories of a public project are.
type server struct {
	host string
	// back is the same registry without protection, for a test's fixtures.
	back string
	// uploads counts the blobs that were sent to host, tags the manifests that were put under a tag.
	uploads, tags atomic.Int64
}

func newServer(t *testing.T, change ...func(http.Handler) http.Handler) *server {
	t.Helper()
	fake := &server{}
	content := whole(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	handler := fake.protected(content)
	for _, wrap := range change {
		handler = wrap(handler)
	}
	fake.host, fake.back = listen(t, handler), listen(t, content)
	return fake
}

// inMemory reaches a handler without a network, for tests in a bubble of testing/synctest.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, done := httptest.NewRecorder(), make(chan struct{})
	received := request.Clone(request.Context())
	received.RequestURI = request.URL.RequestURI()
	if received.Body == nil {
		received.Body = http.NoBody
	}
	go func() {
		defer close(done)
		m.ServeHTTP(answer, received)
	}()
	select {
	case <-done:
		response := answer.Result()
		response.Request = request
		return response, nil
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
}

func listen(t *testing.T, handler http.Handler) string {
	listener := httptest.NewServer(handler)
	t.Cleanup(listener.Close)
	return strings.TrimPrefix(listener.URL, "http://")
}

func (s *server) protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, word, given := r.BasicAuth()
		known := name == user && word == password
		reading := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case given && !known, !given && !reading:
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
		case !reading && strings.Contains(r.URL.Path, "/foreign/"):
			http.Error(w, `{"errors":[{"code":"DENIED","message":"not yours"}]}`, http.StatusForbidden)
		default:
			// Each upload ends in one PUT that carries the blob's digest.
			if r.Method == http.MethodPut && r.URL.Query().Has("digest") {
				s.uploads.Add(1)
			}
			if isTag(r) {
				s.tags.Add(1)
			}
			next.ServeHTTP(w, r)
		}
	})
}

// isTag says whether a request puts a manifest under a tag.
func isTag(r *http.Request) bool {
	return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") && !strings.Contains(r.URL.Path, "/manifests/sha256:")
}

// answering returns a wrapper that gives every request the same status.
func answering(status int) func(http.Handler) http.Handler {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	}
}

// client returns a Registry that does not wait between tries.
func client(t *testing.T, options image.Options) *image.Registry {
	t.Helper()
	options.Retry = image.Retry{Attempts: 2, Delay: time.Nanosecond, Factor: 1}
	made, err := image.New(options)
	require.NoError(t, err)
	return made
}

func writer(t *testing.T) *image.Registry {
	return client(t, image.Options{Username: user, Password: password})
}

// artifact is what a builder makes: an image or an index.
type artifact interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}

// publish puts what was built under path, "/repository:tag", and gives its reference by digest.
func (s *server) publish(t *testing.T, path string, built artifact) string {
	t.Helper()
	tag, err := name.NewTag(s.back + path)
	require.NoError(t, err)
	require.NoError(t, remote.Push(tag, built))
	return s.push(t, "/"+tag.RepositoryStr(), built)
}

// push stands for a builder: it pushes what was built by digest, without a tag, and gives its reference.
func (s *server) push(t *testing.T, repository string, built artifact) string {
	t.Helper()
	digest, err := built.Digest()
	require.NoError(t, err)
	ref, err := name.NewDigest(s.back + repository + "@" + digest.String())
	require.NoError(t, err)
	require.NoError(t, remote.Push(ref, built))
	return s.host + repository + "@" + digest.String()
}

// remove takes a manifest out of the registry, as a clean-up of untagged ones does.
func (s *server) remove(t *testing.T, reference string) {
	t.Helper()
	ref, err := name.ParseReference(strings.Replace(reference, s.host, s.back, 1))
	require.NoError(t, err)
	require.NoError(t, remote.Delete(ref))
}

// indexOf has an image for each platform, in that order, whose layers are fixed by
// the text and whose times and history depend on the clock.
func indexOf(t *testing.T, text string, clock time.Time, platforms ...string) v1.ImageIndex {
	t.Helper()
	children := []mutate.IndexAddendum{}
	for _, platform := range platforms {
		parsed, err := v1.ParsePlatform(platform)
		require.NoError(t, err)
		children = append(children, mutate.IndexAddendum{
			Add:        imageOf(t, text, clock, parsed),
			Descriptor: v1.Descriptor{Platform: parsed},
		})
	}
	return mutate.IndexMediaType(mutate.AppendManifests(empty.Index, children...), types.OCIImageIndex)
}

func imageOf(t *testing.T, text string, clock time.Time, platform *v1.Platform) v1.Image {
	t.Helper()
	created := v1.Time{Time: clock}
	base := static.NewLayer([]byte("base for "+platform.String()), types.OCILayer)
	top := static.NewLayer([]byte(text), types.OCILayer)
	img, err := mutate.Append(mutate.MediaType(empty.Image, types.OCIManifestSchema1),
		mutate.Addendum{Layer: base, History: v1.History{CreatedBy: "pulled at " + clock.String()}},
		mutate.Addendum{Layer: top, History: v1.History{Created: created, CreatedBy: "COPY"}})
	require.NoError(t, err)
	config, err := img.ConfigFile()
	require.NoError(t, err)
	config.Created, config.OS, config.Architecture = created, platform.OS, platform.Architecture
	config.Config.Entrypoint = []string{"/server"}
	img, err = mutate.ConfigFile(img, config)
	require.NoError(t, err)
	return img
}
