//go:build e2e

package cluster_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func TestLockOfTwo(t *testing.T) {
	ada, bob := connect(t), connect(t)
	ns := namespace(t, ada)
	lock, err := ada.Lock(t.Context(), ns, cluster.LockRequest{Holder: "ada", Command: "deploy", TTL: 4 * time.Second})
	require.NoError(t, err)

	var locked *cluster.LockedError
	_, err = bob.Lock(t.Context(), ns, cluster.LockRequest{Holder: "bob", Command: "rollback", TTL: 4 * time.Second})
	require.ErrorAs(t, err, &locked)
	assert.Equal(t, "ada", locked.Holder)
	assert.Equal(t, "deploy", locked.Command)

	// Longer than the lock's life: only renewals let it live on.
	_, err = bob.Lock(t.Context(), ns, cluster.LockRequest{Holder: "bob", Command: "rollback", TTL: 4 * time.Second, Wait: 6 * time.Second})
	require.ErrorAs(t, err, &locked)
	require.NoError(t, lock.Context().Err())

	require.NoError(t, lock.Unlock(t.Context()))
	second, err := bob.Lock(t.Context(), ns, cluster.LockRequest{Holder: "bob", Command: "rollback", TTL: 4 * time.Second})
	require.NoError(t, err)
	assert.NotEqual(t, lock.Token(), second.Token())
	require.NoError(t, second.Unlock(t.Context()))
}

// A holder that dies is followed by the next one, and a holder that only seemed dead learns that it is none any more
// and cannot change what the next one has stamped with its token.
func TestLockLost(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	first, err := c.Lock(t.Context(), ns, cluster.LockRequest{Holder: "ada", Command: "deploy", TTL: 4 * time.Second})
	require.NoError(t, err)
	lease := cluster.Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: ns, Name: cluster.LockName}
	require.NoError(t, c.Delete(t.Context(), lease))
	second, err := c.Lock(t.Context(), ns, cluster.LockRequest{Holder: "bob", Command: "deploy", TTL: 4 * time.Second})
	require.NoError(t, err)

	<-first.Context().Done()
	assert.ErrorIs(t, context.Cause(first.Context()), cluster.ErrLockLost)
	web := service(t, ns, "web")
	web.SetAnnotations(map[string]string{"token": second.Token()})
	_, err = c.Apply(second.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	_, err = c.Patch(t.Context(), cluster.RefOf(web), []cluster.Operation{
		{Op: "test", Path: "/metadata/annotations/token", Value: first.Token()},
		{Op: "replace", Path: "/spec/selector/app", Value: "old"},
	})
	assert.ErrorIs(t, err, cluster.ErrPreconditionFailed)
	assert.ErrorIs(t, first.Unlock(t.Context()), cluster.ErrLockLost)
	assert.NoError(t, second.Context().Err())
	require.NoError(t, second.Unlock(t.Context()))
}

func TestLockOfADeadHolder(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	ctx, kill := context.WithCancel(t.Context())
	_, err := c.Lock(ctx, ns, cluster.LockRequest{Holder: "ada", Command: "deploy", TTL: 3 * time.Second})
	require.NoError(t, err)
	kill() // no renewal, no Unlock
	second, err := c.Lock(t.Context(), ns, cluster.LockRequest{Holder: "bob", Command: "deploy", TTL: 3 * time.Second, Wait: time.Minute})
	require.NoError(t, err)
	require.NoError(t, second.Unlock(t.Context()))
}
