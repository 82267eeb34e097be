package host

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inCgroups makes groups, in a folder in the kernel's place.
func inCgroups(t *testing.T, groups ...string) {
	t.Helper()
	kernels := cgroups
	cgroups = t.TempDir()
	t.Cleanup(func() { cgroups = kernels })
	for _, group := range groups {
		require.NoError(t, os.MkdirAll(filepath.Join(cgroups, group), 0o755))
	}
}

func TestRemoveCgroupRemovesItsOwnEverywhere(t *testing.T) {
	inCgroups(t, "lab/pod/container", "memory/lab/pod/container", "memory/lab/other", "memory/lab-of-another", "cpu")
	require.NoError(t, newHost(t).RemoveCgroup(t.Context(), "lab"))
	for _, gone := range []string{"lab", "memory/lab"} {
		assert.NoDirExists(t, filepath.Join(cgroups, gone))
	}
	for _, kept := range []string{"memory/lab-of-another", "cpu"} {
		assert.DirExists(t, filepath.Join(cgroups, kept))
	}
	require.NoError(t, newHost(t).RemoveCgroup(t.Context(), "lab"), "nothing to remove is fine")
}

func TestRemoveCgroupWaitsForTheLastProcess(t *testing.T) {
	inCgroups(t, "lab/pod")
	process := filepath.Join(cgroups, "lab", "pod", "process") // a folder that holds something is as busy as a group that does
	require.NoError(t, os.WriteFile(process, nil, 0o600))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorContains(t, newHost(t).RemoveCgroup(ended, "lab"), filepath.Join("lab", "pod"))

	time.AfterFunc(10*time.Millisecond, func() { _ = os.Remove(process) })
	require.NoError(t, newHost(t).RemoveCgroup(t.Context(), "lab"))
	assert.NoDirExists(t, filepath.Join(cgroups, "lab"))
}
