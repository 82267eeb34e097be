package images

import (
	"context"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
)

func TestAdditionsGetANewKeyWhenAnythingChanges(t *testing.T) {
	base := root{key: "k"}
	recipe := func(change func(*addition)) addition {
		a := addition{packages: []string{"a", "b"}, without: []string{"c"}, skip: []string{"d"}, scripts: map[string]string{"e": "f"}}
		change(&a)
		return a
	}
	keys := map[string]bool{}
	for _, change := range []func(*addition){
		func(*addition) {},
		func(a *addition) { a.packages = []string{"a"} },
		func(a *addition) { a.packages, a.without = []string{"a", "b", "c"}, nil },
		func(a *addition) { a.without, a.skip = nil, []string{"c", "d"} },
		func(a *addition) { a.scripts = map[string]string{"e": "g"} },
		func(a *addition) { a.account = postgresAccount },
	} {
		keys[recipe(change).key(base)] = true
	}
	keys[recipe(func(*addition) {}).key(root{key: "l"})] = true
	assert.Len(t, keys, 7)

	same := recipe(func(*addition) {})
	assert.Equal(t, same.key(base), same.key(base))
}

func TestCompleteAddsTheAccountAndTheScripts(t *testing.T) {
	dir := t.TempDir()
	tree := plant(t, map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/bash\n", "etc/group": "root:x:0:\n", "var/lib/dpkg/status": ""})
	require.NoError(t, packRoot(tree, dir))
	a := addition{
		account: account{name: "db", id: 999, home: "/data", shell: "/bin/sh"},
		scripts: map[string]string{"usr/local/bin/start": "#!/bin/sh\n"},
		finish:  func(w *oci.Writer) error { return w.Text("etc/finished", 0o644, nil) },
	}
	packed := t.TempDir()
	require.NoError(t, oci.Write(packed, func(w *oci.Writer) error { return a.complete(w, root{dir: dir}) }))
	layer, err := oci.Read(packed)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"etc/passwd":          "root:x:0:0::/root:/bin/bash\ndb:x:999:999::/data:/bin/sh\n",
		"etc/group":           "root:x:0:\ndb:x:999:\n",
		"usr/local/bin/start": "#!/bin/sh\n",
		"etc/finished":        "",
	}, contents(t, layer))
}

func TestPostgresLeavesTheCompilerOut(t *testing.T) {
	a := addition{skip: []string{"usr/lib/postgresql/17/lib/bitcode", "usr/lib/postgresql/17/lib/llvmjit*"}}
	for path, out := range map[string]bool{
		"usr/lib/postgresql/17/lib/bitcode":    true,
		"usr/lib/postgresql/17/lib/llvmjit.so": true,
		"usr/lib/postgresql/17/lib/plpgsql.so": false,
		"usr/share/doc/postgresql-17/README":   true,
	} {
		assert.Equal(t, out, a.leavesOut(path), path)
	}
}

func TestImagesTrustTheMachineAndTheLab(t *testing.T) {
	h := &host.Host{Root: t.TempDir()}
	own := plant(t, map[string]string{"proxy.crt": "PROXY\n"}) + "/proxy.crt"
	layer, err := packCertificates(context.Background(), h, []byte("WORLD\nPROXY\n"), []byte("LAB\n"), []string{own})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{
		"etc/ssl/certs/ca-certificates.crt":                 "WORLD\nPROXY\nLAB\n",
		"usr/local/share/ca-certificates/lab.crt":           "LAB\n",
		"usr/local/share/ca-certificates/machine-proxy.crt": "PROXY\n",
	}, contents(t, layer))
}

func TestStandInsHaveTheNamesOfPublicImages(t *testing.T) {
	seen := map[string]bool{}
	for _, image := range standIns {
		for _, reference := range image.names {
			parsed, err := name.ParseReference(reference, name.StrictValidation)
			require.NoError(t, err)
			assert.Equal(t, "index.docker.io", parsed.Context().RegistryStr())
			assert.False(t, seen[reference], reference)
			seen[reference] = true
		}
	}
}
