package images

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
)

// plant makes a tree of files by path and content; "-> x" makes a link to x,
// and a path that ends in a slash makes a folder.
func plant(t *testing.T, files map[string]string) string {
	t.Helper()
	tree := t.TempDir()
	for name, text := range files {
		path := filepath.Join(tree, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		link, isLink := strings.CutPrefix(text, "-> ")
		switch {
		case isLink:
			require.NoError(t, os.Symlink(link, path))
		case strings.HasSuffix(name, "/"):
			require.NoError(t, os.MkdirAll(path, 0o755))
		default:
			require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		}
	}
	return tree
}

// contents are the files and links of a layer, as plant takes them.
func contents(t *testing.T, layer v1.Layer) map[string]string {
	t.Helper()
	plain, err := layer.Uncompressed()
	require.NoError(t, err)
	defer plain.Close()
	files := map[string]string{}
	for reader := tar.NewReader(plain); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		require.NoError(t, err)
		switch header.Typeflag {
		case tar.TypeReg:
			text, err := io.ReadAll(reader)
			require.NoError(t, err)
			files[header.Name] = string(text)
		case tar.TypeSymlink:
			files[header.Name] = "-> " + header.Linkname
		}
	}
}

func TestGraftTakesOverWhatScriptsWrote(t *testing.T) {
	native := plant(t, map[string]string{
		"etc/passwd":                           "root",
		"etc/default/tool":                     "native",
		"etc/alternatives/awk":                 "-> /usr/bin/mawk",
		"etc/ld.so.cache":                      "native libraries",
		"usr/bin/i386":                         "owned, of this platform only",
		"usr/lib/x86_64-linux-gnu/gconv.cache": "native modules",
		"var/run":                              "-> /run",
		"var/lib/dpkg/status":                  "Package: a\nArchitecture: amd64\n\nPackage: b\nArchitecture: all\n",
		"var/lib/dpkg/info/a.list":             "/usr/bin/i386\n",
		"var/log/bootstrap.log":                "long",
	})
	foreign := plant(t, map[string]string{
		"etc/default/tool": "foreign",
		"var/run/":         "",
	})
	owned, err := ownedFiles(native)
	require.NoError(t, err)
	require.NoError(t, graft(native, foreign, owned))

	layer := packed(t, foreign)
	assert.Equal(t, map[string]string{
		"etc/passwd":           "root",
		"etc/default/tool":     "foreign",
		"etc/alternatives/awk": "-> /usr/bin/mawk",
		"var/run":              "-> /run",
		"var/lib/dpkg/status":  "Package: a\nArchitecture: arm64\n\nPackage: b\nArchitecture: all\n",
	}, contents(t, layer))
}

func packed(t *testing.T, tree string) v1.Layer {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, oci.Write(dir, func(w *oci.Writer) error { return w.Tree("", tree, nil) }))
	layer, err := oci.Read(dir)
	require.NoError(t, err)
	return layer
}

func TestPackRootIsTheSameForTheSameFiles(t *testing.T) {
	files := map[string]string{
		"etc/passwd":                  "root:x:0:0::/root:/bin/bash\n",
		"etc/group":                   "root:x:0:\n",
		"var/lib/dpkg/status":         "Package: a\n",
		"usr/share/doc/a/copyright":   "free",
		"usr/share/doc/a/changelog":   "long",
		"usr/share/locale/de/LC/a.mo": "translated",
		"var/cache/apt/pkgcache.bin":  "cache",
	}
	var digests []v1.Hash
	for range 2 {
		dir := t.TempDir()
		require.NoError(t, packRoot(plant(t, files), dir))
		layer, err := oci.Read(dir)
		require.NoError(t, err)
		digest, err := layer.Digest()
		require.NoError(t, err)
		digests = append(digests, digest)

		left := contents(t, layer)
		assert.Contains(t, left, "usr/share/doc/a/copyright")
		assert.Len(t, left, 4, "documentation, translations and caches are left out")
		for _, name := range kept {
			assert.FileExists(t, filepath.Join(dir, name))
		}
	}
	assert.Equal(t, digests[0], digests[1])
}
