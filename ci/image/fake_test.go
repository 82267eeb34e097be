package image_test

import (
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

	"github.com/codingbutter/team-dashboard/ci/image"
)

const (
	user     = "builder"
	password = "correct-horse"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// server is a registry that anyone may read and only user may write, as the
// repositories of a public project are.
type server struct {
	host string
	// back is the same registry without protection, for a test's fixtures.
	back string
	// uploads counts the blobs that were sent to host.
	uploads atomic.Int64
}

func newServer(t *testing.T, change ...func(http.Handler) http.Handler) *server {
	t.Helper()
	fake := &server{}
	content := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	handler := fake.protected(content)
	for _, wrap := range change {
		handler = wrap(handler)
	}
	fake.host, fake.back = listen(t, handler), listen(t, content)
	return fake
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
			next.ServeHTTP(w, r)
		}
	})
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

// publish stands for a builder: it puts an image or an index under path,
// "/repository:tag", and gives its reference by digest.
func (s *server) publish(t *testing.T, path string, built interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}) string {
	t.Helper()
	tag, err := name.NewTag(s.back + path)
	require.NoError(t, err)
	require.NoError(t, remote.Push(tag, built))
	digest, err := built.Digest()
	require.NoError(t, err)
	return s.host + "/" + tag.RepositoryStr() + "@" + digest.String()
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
