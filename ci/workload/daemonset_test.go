package workload

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// daemonSet stores a DaemonSet `web` for two nodes.
func (s shop) daemonSet(updated, available int) {
	s.put(s.t, "/apis/apps/v1/namespaces/shop/daemonsets/web", map[string]any{
		"apiVersion": "apps/v1", "kind": "DaemonSet",
		"metadata": map[string]any{"name": "web", "uid": "ds", "generation": 2},
		"status": map[string]any{"observedGeneration": 2, "desiredNumberScheduled": 2, "currentNumberScheduled": 2,
			"updatedNumberScheduled": updated, "numberAvailable": available},
	})
}

func TestWaitDaemonSets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.daemonSet(1, 2)
		time.AfterFunc(10*time.Second, func() { s.daemonSet(2, 1) })
		time.AfterFunc(20*time.Second, func() { s.daemonSet(2, 2) })
		var lines []string
		require.NoError(t, WaitDaemonSets(t.Context(), s.Cluster, "shop", []string{"web"}, Options{Progress: func(line string) { lines = append(lines, line) }}))
		assert.Equal(t, []string{"web 1/2 ready, 1 old", "web 1/2 ready", "web 2/2 ready"}, lines)
	})
}

func TestWaitDaemonSetsEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.daemonSet(2, 1)
		s.pod("web-1", "ds", waiting("ErrImagePull", pullNotFound))
		start := time.Now()
		err := WaitDaemonSets(t.Context(), s.Cluster, "shop", []string{"web"}, Options{})
		var failure *WaitError
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, "ErrImagePull", failure.Reason)
		assert.Contains(t, failure.Object, `DaemonSet "web" in namespace "shop"`)
		assert.WithinDuration(t, start, time.Now(), 10*time.Second)

		err = WaitDaemonSets(t.Context(), s.Cluster, "shop", []string{"absent"}, Options{})
		assert.ErrorContains(t, err, `DaemonSet "absent"`)
		assert.ErrorContains(t, err, "does not exist")
	})
}
