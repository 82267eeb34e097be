package image_test

import (
	"archive/tar"
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

const (
	user     = "builder"
	password = "correct-horse"
)

// server is a registry that anyone may read and only user may write, as the
// repositories of a public project are.
type server struct{ host string }

func newServer(t *testing.T, change ...func(http.Handler) http.Handler) *server {
	t.Helper()
	fake := &server{}
	var handler http.Handler = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	handler = fake.protected(handler)
	for _, wrap := range change {
		handler = wrap(handler)
	}
	listener := httptest.NewServer(handler)
	t.Cleanup(listener.Close)
	fake.host = strings.TrimPrefix(listener.URL, "http://")
	return fake
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

// build stands for a builder: an OCI layout with an image for each platform,
// whose content is fixed by the text and whose history depends on the clock.
func build(t *testing.T, text string, clock time.Time, platforms ...string) string {
	t.Helper()
	folder := t.TempDir()
	path, err := layout.Write(folder, empty.Index)
	require.NoError(t, err)
	require.NoError(t, path.AppendIndex(indexOf(t, text, clock, platforms...)))
	return pack(t, folder)
}

func indexOf(t *testing.T, text string, clock time.Time, platforms ...string) v1.ImageIndex {
	t.Helper()
	children := []mutate.IndexAddendum{}
	for _, platform := range platforms {
		parsed, err := v1.ParsePlatform(platform)
		require.NoError(t, err)
		children = append(children, mutate.IndexAddendum{
			Add:        buildOne(t, text, clock, parsed),
			Descriptor: v1.Descriptor{Platform: parsed},
		})
	}
	return mutate.IndexMediaType(mutate.AppendManifests(empty.Index, children...), types.OCIImageIndex)
}

func buildOne(t *testing.T, text string, clock time.Time, platform *v1.Platform) v1.Image {
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

func pack(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.tar")
	file, err := os.Create(path)
	require.NoError(t, err)
	archive := tar.NewWriter(file)
	require.NoError(t, archive.AddFS(os.DirFS(folder)))
	require.NoError(t, archive.Close())
	require.NoError(t, file.Close())
	return path
}

// tamper changes one letter of an image's configuration inside a tar file.
func tamper(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := filepath.Join(t.TempDir(), "damaged.tar")
	require.NoError(t, os.WriteFile(changed, bytes.Replace(data, []byte("/server"), []byte("/sorver"), 1), 0o600))
	return changed
}
