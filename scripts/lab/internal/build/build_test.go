package build

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

func newHost(t *testing.T) *host.Host {
	t.Helper()
	return &host.Host{Root: t.TempDir(), Repo: t.TempDir()}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}

func TestCodeIsThatOfOnePackage(t *testing.T) {
	h := newHost(t)
	write(t, h.Lab("go.sum"), "modules")
	write(t, h.Lab("internal", "registry", "serve.go"), "package registry")
	write(t, h.Lab("internal", "kube", "kube.go"), "package kube")
	code := func(h *host.Host) string {
		code, err := Code(h, "registry")
		require.NoError(t, err)
		return code
	}
	first := code(h)
	write(t, h.Lab("internal", "kube", "kube.go"), "package kube // changed")
	assert.Equal(t, first, code(h), "another part")
	clone := newHost(t)
	require.NoError(t, os.CopyFS(clone.Repo, os.DirFS(h.Repo)))
	assert.Equal(t, first, code(clone), "another clone")

	write(t, h.Lab("go.sum"), "other modules")
	second := code(h)
	assert.NotEqual(t, first, second)
	write(t, h.Lab("internal", "registry", "serve.go"), "package registry // changed")
	assert.NotEqual(t, second, code(h))
}

func TestOnceFillsOnce(t *testing.T) {
	h, fills := newHost(t), 0
	once := func(key string) string {
		dir, err := Once(t.Context(), h, "thing", key, func(_ context.Context, dir string) error {
			fills++
			return os.WriteFile(filepath.Join(dir, "file"), []byte(key), 0o644)
		})
		require.NoError(t, err)
		return dir
	}
	first := once("a")
	assert.FileExists(t, filepath.Join(first, "file"))
	assert.Equal(t, first, once("a"))
	assert.Equal(t, 1, fills)
	assert.NotEqual(t, first, once("b"))
	assert.Equal(t, 2, fills)
}

func TestAFillThatFailsIsNoResult(t *testing.T) {
	h := newHost(t)
	_, err := Once(t.Context(), h, "thing", "a", func(_ context.Context, dir string) error {
		write(t, filepath.Join(dir, "half"), "")
		return errors.New("no room")
	})
	require.EqualError(t, err, "no room")

	dir, err := Once(t.Context(), h, "thing", "a", func(context.Context, string) error { return nil })
	require.NoError(t, err)
	assert.NoFileExists(t, filepath.Join(dir, "half"))
}

func TestKeysTellTheirPartsApart(t *testing.T) {
	assert.Equal(t, Key("a", "b"), Key("a", "b"))
	for _, other := range [][]string{{"ab"}, {"b", "a"}, {"a", "b", ""}, {"a"}, {}} {
		assert.NotEqual(t, Key("a", "b"), Key(other...), "%q", other)
	}
}

func TestHashDirSeesNamesAndContents(t *testing.T) {
	dir := t.TempDir()
	hash := func() string {
		sum, err := HashDir(dir)
		require.NoError(t, err)
		return sum
	}
	write(t, filepath.Join(dir, "sub", "a"), "1")
	first := hash()
	assert.Equal(t, first, hash())

	write(t, filepath.Join(dir, "sub", "a"), "2")
	second := hash()
	assert.NotEqual(t, first, second)

	require.NoError(t, os.Rename(filepath.Join(dir, "sub", "a"), filepath.Join(dir, "sub", "b")))
	assert.NotEqual(t, second, hash())
}

func TestToolIsBuiltFromItsSources(t *testing.T) {
	h := newHost(t)
	source := func(text string) {
		write(t, h.Lab("builds", "hello", "main.go"), "package main\n\nvar name = \"nobody\"\n\nfunc main() { print("+text+", name) }\n")
	}
	write(t, h.Lab("builds", "hello", "go.mod"), "module example.com/hello\n\ngo 1.26.0\n")
	source(`"hello "`)
	spec := Spec{Name: "hello", Dir: "hello", Packages: []string{"."}, Outputs: []string{"greet"}, LDFlags: "-X main.name=you"}
	ctx := part.WithLog(t.Context(), part.NewLog(io.Discard))
	run := func() string {
		dir, err := Tool(ctx, h, spec)
		require.NoError(t, err)
		out, err := exec.Command(filepath.Join(dir, "greet")).CombinedOutput()
		require.NoError(t, err)
		return string(out)
	}
	assert.Equal(t, "hello you", run())
	source(`"good morning "`)
	assert.Equal(t, "good morning you", run())

	source(`"no quote`)
	_, err := Tool(ctx, h, spec)
	require.ErrorContains(t, err, "building hello")
	assert.ErrorContains(t, err, "main.go:5", "what the compiler says")

	spec.Dir = "absent"
	_, err = Tool(ctx, h, spec)
	assert.ErrorContains(t, err, "absent")
}
