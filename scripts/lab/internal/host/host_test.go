package host

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOpenFindsTheRepositoryFromBelow(t *testing.T) {
	repo, root := t.TempDir(), t.TempDir()
	below := filepath.Join(repo, "scripts", "lab", "builds")
	require.NoError(t, os.MkdirAll(below, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(repo, "scripts", "lab", "go.mod"), nil, 0o644))
	t.Setenv("TEAM_DASHBOARD_LAB_DIR", root)
	t.Chdir(below)

	h, err := Open()
	require.NoError(t, err)
	assert.Equal(t, &Host{Root: root, Repo: repo}, h)

	t.Chdir(root)
	_, err = Open()
	assert.ErrorContains(t, err, "run the lab from the repository")
}

func TestWriteTouchesOnlyWhatDiffers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "file")
	changed, err := Write(file, []byte("a"), 0o600)
	require.NoError(t, err)
	assert.True(t, changed)
	before, err := os.Stat(file)
	require.NoError(t, err)

	changed, err = Write(file, []byte("a"), 0o600)
	require.NoError(t, err)
	assert.False(t, changed)
	after, err := os.Stat(file)
	require.NoError(t, err)
	assert.True(t, os.SameFile(before, after))
	assert.Equal(t, before.ModTime(), after.ModTime())

	changed, err = Write(file, []byte("b"), 0o644)
	require.NoError(t, err)
	assert.True(t, changed)
	after, err = os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o644), after.Mode())
}

func TestLinkReplacesWhateverWasThere(t *testing.T) {
	name := filepath.Join(t.TempDir(), "bin", "dagger")
	for _, target := range []string{"/one", "/one", "/two"} {
		require.NoError(t, Link(target, name))
		got, err := os.Readlink(name)
		require.NoError(t, err)
		assert.Equal(t, target, got)
	}
}

func TestLockLetsOneIn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "lock")
	unlock, err := Lock(t.Context(), file)
	require.NoError(t, err)

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Lock(ended, file)
	require.ErrorIs(t, err, context.Canceled)

	unlock()
	unlock, err = Lock(ended, file)
	require.NoError(t, err, "a free lock is taken at once")
	unlock()
}

func TestSysctlsAreGivenBack(t *testing.T) {
	real := procSys
	procSys = t.TempDir()
	t.Cleanup(func() { procSys = real })
	write := func(value string) {
		require.NoError(t, os.MkdirAll(filepath.Join(procSys, "net", "ipv4"), 0o755))
		require.NoError(t, os.WriteFile(sysctlFile("net.ipv4.ip_forward"), []byte(value), 0o644))
	}
	read := func() string {
		text, err := os.ReadFile(sysctlFile("net.ipv4.ip_forward"))
		require.NoError(t, err)
		return string(text)
	}
	h := newHost(t)
	require.NoError(t, h.RestoreSysctls(), "nothing to restore is fine")

	write("0\n")
	require.NoError(t, h.Sysctl("net.ipv4.ip_forward", "1"))
	require.NoError(t, h.Sysctl("net.ipv4.ip_forward", "1"), "the value of before stays remembered")
	assert.Equal(t, "1", read())
	require.NoError(t, h.RestoreSysctls())
	assert.Equal(t, "0", read())

	require.NoError(t, h.KeepSysctls("net.ipv4.ip_forward"))
	write("2\n")
	require.NoError(t, h.RestoreSysctls())
	assert.Equal(t, "0", read())

	assert.ErrorContains(t, h.Sysctl("net.no_such", "1"), "net.no_such")
}

func TestMissingPackages(t *testing.T) {
	bin := t.TempDir()
	script := "#!/bin/sh\ncase $3 in here) printf installed;; removed) printf config-files;; *) exit 1;; esac\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "dpkg-query"), []byte(script), 0o755))
	t.Setenv("PATH", bin)

	assert.Equal(t, []string{"removed", "unknown"}, newHost(t).missing(t.Context(), []string{"here", "removed", "unknown"}))
	require.NoError(t, newHost(t).Install(t.Context(), "here"))
	assert.ErrorContains(t, newHost(t).Install(t.Context(), "unknown"), "apt-get")
}

func TestOutputIsStdoutAndErrorsHoldAll(t *testing.T) {
	h := newHost(t)
	out, err := h.Output(t.Context(), "sh", "-c", "echo result; echo progress >&2")
	require.NoError(t, err)
	assert.Equal(t, "result\n", out)

	_, err = h.Output(t.Context(), "sh", "-c", "seq 100; echo the cause >&2; exit 3")
	require.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, "the cause")
	assert.NotContains(t, err.Error(), "    50\n", "only the end is repeated")
}

func TestSelfIsACopyThatStays(t *testing.T) {
	h := newHost(t)
	_, err := Write(h.Cache("lab"), []byte("of before"), 0o755)
	require.NoError(t, err)

	self, err := h.Self()
	require.NoError(t, err)
	running, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	copied, err := os.ReadFile(self)
	require.NoError(t, err)
	assert.Equal(t, running, copied)

	again, err := h.Self()
	require.NoError(t, err)
	assert.Equal(t, self, again)
}
