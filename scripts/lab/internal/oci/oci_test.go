package oci

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// tree makes a folder with all kinds of entries.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "usr/share/doc/x"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "tmp"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "usr/tool"), []byte("tool"), 0o755))
	require.NoError(t, os.Chmod(filepath.Join(dir, "usr/tool"), 0o755|os.ModeSetuid))
	require.NoError(t, os.Link(filepath.Join(dir, "usr/tool"), filepath.Join(dir, "usr/zool")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "usr/share/doc/x/README"), []byte("read"), 0o644))
	require.NoError(t, os.Symlink("usr/tool", filepath.Join(dir, "link")))
	return dir
}

func pack(t *testing.T, fill func(*Writer) error) v1.Layer {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, Write(dir, fill))
	layer, err := Read(dir)
	require.NoError(t, err)
	return layer
}

func headers(t *testing.T, layer v1.Layer) map[string]*tar.Header {
	t.Helper()
	plain, err := layer.Uncompressed()
	require.NoError(t, err)
	defer plain.Close()
	found := map[string]*tar.Header{}
	for reader := tar.NewReader(plain); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		require.NoError(t, err)
		found[header.Name] = header
	}
}

func TestTreeKeepsWhatFilesAreAndLeavesOutWhatItIsTold(t *testing.T) {
	dir := tree(t)
	layer := pack(t, func(w *Writer) error {
		return w.Tree("opt", dir, func(path string) bool { return path == "opt/usr/share/doc" })
	})
	found := headers(t, layer)

	assert.Len(t, found, 6)
	assert.NotContains(t, found, "opt/usr/share/doc/")
	assert.Equal(t, int64(0o1777), found["opt/tmp/"].Mode)
	assert.Equal(t, int64(0o4755), found["opt/usr/tool"].Mode)
	assert.Equal(t, byte(tar.TypeLink), found["opt/usr/zool"].Typeflag)
	assert.Equal(t, "opt/usr/tool", found["opt/usr/zool"].Linkname)
	assert.Equal(t, "usr/tool", found["opt/link"].Linkname)
	assert.Equal(t, os.Getuid(), found["opt/usr/tool"].Uid)
}

func TestALayersDigestIsDecidedByItsContentAlone(t *testing.T) {
	all := func(dir string) func(*Writer) error {
		return func(w *Writer) error { return w.Tree("", dir, nil) }
	}
	first, second := tree(t), tree(t)
	require.NoError(t, os.Chtimes(filepath.Join(second, "usr/tool"), time.Now(), time.Now().Add(-time.Hour)))
	assert.Equal(t, digest(t, pack(t, all(first))), digest(t, pack(t, all(second))))

	require.NoError(t, os.WriteFile(filepath.Join(second, "usr/tool"), []byte("other"), 0o755))
	assert.NotEqual(t, digest(t, pack(t, all(first))), digest(t, pack(t, all(second))))
}

func TestPackFillsALayerOnce(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	fills := 0
	for _, key := range []string{"a", "a", "b"} {
		layer, err := Pack(context.Background(), h, "x", key, func(_ context.Context, w *Writer) error {
			fills++
			return w.Text("etc/key", 0o644, []byte(key))
		})
		require.NoError(t, err)
		assert.Contains(t, headers(t, layer), "etc/key")
	}
	assert.Equal(t, 2, fills)
}

func TestFilesPacksAgainWhenAFileChanges(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	source := filepath.Join(t.TempDir(), "program")
	digests := map[v1.Hash]bool{}
	for _, content := range []string{"one", "one", "two"} {
		require.NoError(t, os.WriteFile(source, []byte(content), 0o600))
		layer, err := Files(context.Background(), h, "x", File{Path: "/bin/program", Source: source, Mode: 0o755})
		require.NoError(t, err)
		digests[digest(t, layer)] = true
		assert.Equal(t, int64(0o755), headers(t, layer)["bin/program"].Mode)
	}
	assert.Len(t, digests, 2)
}

func TestIndexHoldsAValidImageForEachPlatform(t *testing.T) {
	layer := pack(t, func(w *Writer) error { return w.Text("etc/motd", 0o644, []byte("hello")) })
	config := v1.Config{Entrypoint: []string{"/bin/x"}, Env: []string{"A=B"}}
	assemble := func() v1.ImageIndex {
		index, err := Index(
			Image{Architecture: "amd64", Config: config, Layers: []v1.Layer{layer}},
			Image{Architecture: "arm64", Config: config, Layers: []v1.Layer{layer}},
		)
		require.NoError(t, err)
		return index
	}
	index := assemble()
	require.NoError(t, validate.Index(index))
	assert.Equal(t, digest(t, index), digest(t, assemble()))

	manifest, err := index.IndexManifest()
	require.NoError(t, err)
	var platforms []string
	for _, descriptor := range manifest.Manifests {
		platforms = append(platforms, descriptor.Platform.String())
		image, err := index.Image(descriptor.Digest)
		require.NoError(t, err)
		file, err := image.ConfigFile()
		require.NoError(t, err)
		assert.Equal(t, descriptor.Platform.Architecture, file.Architecture)
		assert.Equal(t, config, file.Config)
	}
	assert.Equal(t, []string{"linux/amd64", "linux/arm64/v8"}, platforms)
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) v1.Hash {
	t.Helper()
	hash, err := of.Digest()
	require.NoError(t, err)
	return hash
}
