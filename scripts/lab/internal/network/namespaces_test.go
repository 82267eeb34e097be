package network

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// inNetns makes a network whose namespaces are in a folder of the test.
func inNetns(t *testing.T) *Network {
	t.Helper()
	machines := netns
	netns = t.TempDir()
	t.Cleanup(func() { netns = machines })
	return New(&host.Host{Root: t.TempDir()})
}

// Forgetting that the mount is the lab's would leave it there for good.
func TestTheMountIsRememberedWhileSomebodyUsesIt(t *testing.T) {
	n := inNetns(t)
	_, err := host.Write(n.shared(), nil, 0o644)
	require.NoError(t, err)
	others := filepath.Join(netns, "of-another")
	require.NoError(t, os.WriteFile(others, nil, 0o444))

	require.NoError(t, n.unshareNamespaces(t.Context()))
	assert.FileExists(t, n.shared())
	assert.FileExists(t, others)

	require.NoError(t, os.Remove(others))
	require.NoError(t, n.unshareNamespaces(t.Context()))
	assert.NoFileExists(t, n.shared())
	require.NoError(t, n.unshareNamespaces(t.Context()), "nothing to take back is fine")
}

func TestIsMount(t *testing.T) {
	for path, want := range map[string]bool{"/": true, "/proc": true, t.TempDir(): false, "/no/such": false} {
		got, err := isMount(path)
		require.NoError(t, err)
		assert.Equal(t, want, got, path)
	}
}
