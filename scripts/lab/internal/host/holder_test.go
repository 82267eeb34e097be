package host

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A lab must neither meet what a killed one of another folder left (its pods
// have the addresses that the next pods get), nor take a living one down.
func TestTheMachineHasOneLab(t *testing.T) {
	before := holderFile
	t.Cleanup(func() { holderFile = before })
	holderFile = filepath.Join(t.TempDir(), "run", "holder")
	first, second := &Host{Root: t.TempDir(), Repo: "/repo"}, &Host{Root: t.TempDir(), Repo: "/repo"}
	other := func(h *Host) *Host {
		found, err := h.Other()
		require.NoError(t, err)
		return found
	}
	assert.Nil(t, other(second), "nobody's")

	require.NoError(t, first.Hold())
	assert.Nil(t, other(first))
	assert.Equal(t, first, other(second), "nothing of it lives")

	require.NoError(t, first.Start(t.Context(), Process{Name: "server", Command: []string{"sleep", "60"}}))
	t.Cleanup(func() { _ = first.Stop(context.Background(), "server", time.Second) })
	_, err := second.Other()
	assert.ErrorContains(t, err, "TEAM_DASHBOARD_LAB_DIR="+first.Root+" make lab-down")
	assert.Nil(t, other(first))

	require.NoError(t, first.Stop(t.Context(), "server", time.Second))
	assert.Equal(t, first, other(second))
	require.NoError(t, first.Release())
	assert.Nil(t, other(second))
}
