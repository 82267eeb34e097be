package engine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

func TestFirstProxy(t *testing.T) {
	tests := map[string]string{
		"https://modules.example,direct":            "https://modules.example",
		"off,https://a.example|https://b.example":   "https://a.example",
		"file:///cache,http://127.0.0.1:3000/proxy": "http://127.0.0.1:3000/proxy",
	}
	for list, want := range tests {
		got, err := firstProxy(list)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	for _, list := range []string{"", "direct", "off", "file:///cache"} {
		_, err := firstProxy(list)
		assert.ErrorContains(t, err, "set it to a Go module proxy", "%q", list)
	}
}

func TestConfiguration(t *testing.T) {
	text, err := json.Marshal(engineConfig())
	require.NoError(t, err)
	var got struct {
		GC struct {
			Policies []struct {
				All     bool
				Filters []string
			}
		}
		Registries map[string]struct{ CA []string }
	}
	require.NoError(t, json.Unmarshal(text, &got))
	require.Len(t, got.GC.Policies, 1)
	assert.True(t, got.GC.Policies[0].All)
	assert.Empty(t, got.GC.Policies[0].Filters, "no kind of cache is thrown away before the others")
	for _, name := range []string{"ghcr.io", "docker.io", "registry-1.docker.io", "registry.k8s.io"} {
		assert.Equal(t, []string{caInside}, got.Registries[name].CA, name)
	}
}

func TestResolvConf(t *testing.T) {
	world, local := "nameserver 192.0.2.1\n", "nameserver 127.0.0.53\n"
	tests := map[string]struct{ machines, resolved, want string }{
		"a name server of the world":  {machines: world, resolved: "nameserver 192.0.2.2\n", want: world},
		"systemd-resolved":            {machines: local, resolved: world, want: world},
		"another one on the loopback": {machines: local, want: local},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, string(resolvConf([]byte(test.machines), []byte(test.resolved))))
		})
	}
}

func TestTheEngineSeesNothingOfItsCaller(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "secret")
	t.Setenv(digestVariable, "sha256:1")
	t.Setenv("_DAGGER_ENGINE_SYSTEMENV_GOPROXY", "http://proxy")
	env := strings.Join(insideEnv(), "\n")
	assert.NotContains(t, env, "secret")
	assert.Contains(t, env, digestVariable+"=sha256:1")
	assert.Contains(t, env, "_DAGGER_ENGINE_SYSTEMENV_GOPROXY=http://proxy")
}

func writeLayer(t *testing.T, path, name, content string) {
	t.Helper()
	text, err := tarOf(name, []byte(content))
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, text, 0o644))
}

func TestImageIsALayoutOfLinkedLayers(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Repo: t.TempDir()}
	e := New(h)
	system, trust := h.Cache("system", layerFile), e.file("trust.tar")
	writeLayer(t, system, "etc/debian_version", "12")
	writeLayer(t, trust, bundle, "ours")

	made, err := e.writeImage([]string{system, trust})
	require.NoError(t, err)
	index, err := layout.ImageIndexFromPath(made.layout)
	require.NoError(t, err)
	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	require.Len(t, manifest.Manifests, 1)
	assert.Equal(t, made.digest, manifest.Manifests[0].Digest.String())

	image, err := index.Image(manifest.Manifests[0].Digest)
	require.NoError(t, err)
	layers, err := image.Layers()
	require.NoError(t, err)
	require.Len(t, layers, 2)
	kind, err := layers[0].MediaType()
	require.NoError(t, err)
	assert.Equal(t, types.OCIUncompressedLayer, kind)

	digest, err := layers[0].Digest()
	require.NoError(t, err)
	blob, err := os.Stat(filepath.Join(made.layout, "blobs", "sha256", digest.Hex))
	require.NoError(t, err)
	file, err := os.Stat(system)
	require.NoError(t, err)
	assert.True(t, os.SameFile(file, blob), "a layer of the cache is not copied")

	again, err := e.writeImage([]string{system, trust})
	require.NoError(t, err)
	assert.Equal(t, made, again)

	writeLayer(t, trust, bundle, "others")
	other, err := e.writeImage([]string{system, trust})
	require.NoError(t, err)
	assert.NotEqual(t, made.digest, other.digest, "a changed layer makes another image")
	assert.NoDirExists(t, made.layout, "the image of before is gone")
}
