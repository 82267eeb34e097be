package workload

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// statefulSet stores a StatefulSet `store` of one pod, of generation 2.
func (s shop) statefulSet(observed, updated, available int) {
	s.put(s.t, "/apis/apps/v1/namespaces/shop/statefulsets/store", map[string]any{
		"apiVersion": "apps/v1", "kind": "StatefulSet",
		"metadata": map[string]any{"name": "store", "uid": "sts", "generation": 2},
		"spec":     map[string]any{"replicas": 1},
		"status":   map[string]any{"observedGeneration": observed, "replicas": 1, "updatedReplicas": updated, "availableReplicas": available},
	})
}

// Until it is gone, the old pod is as available as a new one.
func TestWaitStatefulSets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.statefulSet(1, 1, 1)
		time.AfterFunc(10*time.Second, func() { s.statefulSet(2, 0, 1) })
		time.AfterFunc(20*time.Second, func() { s.statefulSet(2, 1, 0) })
		time.AfterFunc(30*time.Second, func() { s.statefulSet(2, 1, 1) })
		var lines []string
		require.NoError(t, WaitStatefulSets(t.Context(), s.Cluster, "shop", []string{"store"}, Options{Progress: func(line string) { lines = append(lines, line) }}))
		assert.Equal(t, []string{"store 0/1 ready", "store 0/1 ready, 1 old", "store 0/1 ready", "store 1/1 ready"}, lines)
	})
}

func TestWaitStatefulSetsEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.statefulSet(2, 1, 0)
		s.pod("store-0", "sts", waiting("CrashLoopBackOff", "back-off 10s"))
		s.fail(answer("/pods/store-0/log", 200, "the volume is empty\n"))
		start := time.Now()
		err := WaitStatefulSets(t.Context(), s.Cluster, "shop", []string{"store"}, Options{})
		var failure *WaitError
		require.ErrorAs(t, err, &failure)
		assert.Contains(t, failure.Object, `StatefulSet "store" in namespace "shop"`)
		assert.Equal(t, "the volume is empty", failure.Logs)
		assert.WithinDuration(t, start, time.Now(), 10*time.Second)

		assert.ErrorContains(t, WaitStatefulSets(t.Context(), s.Cluster, "shop", []string{"absent"}, Options{}), `StatefulSet "absent"`)
	})
}
