package lock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

const tokenAnnotation = "team-dashboard.app/lock-token"

func ada() lock.Request {
	return lock.Request{Holder: "ada", Command: "deploy --env production", Application: "shop", TTL: 20 * time.Second}
}

func bob() lock.Request {
	return lock.Request{Holder: "bob", Command: "rollback", Application: "shop", TTL: 20 * time.Second}
}

// process is one that runs until it is killed.
type process struct {
	*clustertest.Client
	ctx  context.Context
	kill context.CancelFunc
}

func start(t *testing.T, server *clustertest.Server) *process {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	return &process{Client: server.NewClient(), ctx: ctx, kill: cancel}
}

func (p *process) acquire(t *testing.T, request lock.Request) *lock.Held {
	t.Helper()
	held, err := lock.Acquire(p.ctx, p.Cluster(), "shop", request)
	require.NoError(t, err)
	return held
}

// leaseOf is the Lease as the server has it.
func leaseOf(server *clustertest.Server) *cluster.Object { return server.Get(lock.Ref("shop")) }

// setLease changes the Lease by hand.
func setLease(t *testing.T, server *clustertest.Server, value any, fields ...string) {
	t.Helper()
	lease := leaseOf(server)
	require.NoError(t, unstructured.SetNestedField(lease.Object, value, fields...))
	server.Put(lease)
}

func TestAcquireAndRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		held := start(t, server).acquire(t, ada())
		assert.NotEmpty(t, held.Token())
		assert.Equal(t, held.Token(), leaseOf(server).GetAnnotations()[tokenAnnotation])
		assert.NoError(t, held.Confirm(t.Context()))

		require.NoError(t, held.Release(t.Context()))
		assert.ErrorIs(t, held.Context().Err(), context.Canceled)
		assert.NotContains(t, leaseOf(server).GetAnnotations(), tokenAnnotation)
		_, err := held.Apply(t.Context(), settings("a"))
		assert.ErrorContains(t, err, "the lock was given back")

		again := start(t, server).acquire(t, bob())
		assert.NotEqual(t, held.Token(), again.Token())
		require.NoError(t, again.Release(t.Context()))
	})
}

func TestHeldByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		began := time.Now()
		held := start(t, server).acquire(t, ada())
		time.Sleep(time.Minute) // renewals keep it alive
		_, err := lock.Acquire(t.Context(), server.NewClient().Cluster(), "shop", bob())
		var refused *lock.HeldError
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "ada", refused.Holder)
		assert.Equal(t, "deploy --env production", refused.Command)
		assert.WithinDuration(t, began, refused.Since, time.Second)
		assert.Equal(t, time.Until(refused.Expires), refused.Remaining)
		assert.Greater(t, refused.Remaining, 14*time.Second)
		assert.ErrorContains(t, err, `locking namespace "shop": ada is running "deploy --env production" since `)
		assert.NoError(t, held.Context().Err())
	})
}

func TestWaitForTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		held := start(t, server).acquire(t, ada())
		time.AfterFunc(time.Minute, func() { assert.NoError(t, held.Release(context.WithoutCancel(t.Context()))) })

		var lines []string
		request := bob()
		request.Wait = 2 * time.Minute
		request.Progress = func(line string) { lines = append(lines, line) }
		began := time.Now()
		second := start(t, server).acquire(t, request)
		assert.WithinDuration(t, began.Add(time.Minute), time.Now(), time.Second)
		require.Len(t, lines, 1, "the same holder is told of once")
		assert.Contains(t, lines[0], `ada is running "deploy --env production"`)
		require.NoError(t, second.Release(t.Context()))
	})
}

func TestTheWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		start(t, server).acquire(t, ada())
		request := bob()
		request.Wait = 30 * time.Second
		began := time.Now()
		_, err := lock.Acquire(t.Context(), server.NewClient().Cluster(), "shop", request)
		var refused *lock.HeldError
		require.ErrorAs(t, err, &refused)
		assert.WithinDuration(t, began.Add(30*time.Second), time.Now(), time.Second)
	})
}

func TestADeadHolderIsFollowed(t *testing.T) {
	tests := []struct {
		name string
		idle time.Duration // between the holder's death and the next request
		wait time.Duration // that the next request allows for holders that are alive
	}{
		{"within the wait", 0, time.Minute},
		{"just now, without a wait", 0, 0},
		{"long ago, without a wait", time.Hour, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := clustertest.NewServer("shop")
				dead := start(t, server)
				dead.acquire(t, ada())
				dead.kill()
				time.Sleep(test.idle)

				request := bob()
				request.Wait = test.wait
				began := time.Now()
				start(t, server).acquire(t, request)
				assert.WithinDuration(t, began.Add(20*time.Second), time.Now(), time.Second, "the holder has its TTL to show itself")
			})
		})
	}
}

// A holder whose clock is an hour slow looks expired, and is not: its renewals are seen.
func TestSlowClockOfTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		slow := start(t, server)
		slow.acquire(t, ada())
		slow.kill()
		for renewal := range 30 {
			time.AfterFunc(time.Duration(renewal)*5*time.Second, func() {
				setLease(t, server, time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z"), "spec", "renewTime")
			})
		}
		request := bob()
		request.Wait = time.Minute
		_, err := lock.Acquire(t.Context(), server.NewClient().Cluster(), "shop", request)
		var refused *lock.HeldError
		require.ErrorAs(t, err, &refused)
	})
}

func TestManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		results := make(chan error, 8)
		for range cap(results) {
			go func() {
				_, err := lock.Acquire(t.Context(), server.NewClient().Cluster(), "shop", ada())
				results <- err
			}()
		}
		var won int
		for range cap(results) {
			err := <-results
			var refused *lock.HeldError
			if err == nil {
				won++
			} else {
				assert.ErrorAs(t, err, &refused)
			}
		}
		assert.Equal(t, 1, won)
	})
}

func TestTakenOver(t *testing.T) {
	takenOver := func(t *testing.T, server *clustertest.Server) {
		setLease(t, server, "other", "metadata", "annotations", tokenAnnotation)
	}
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		held := start(t, server).acquire(t, ada())
		takenOver(t, server)
		<-held.Context().Done()
		require.ErrorIs(t, context.Cause(held.Context()), lock.ErrLost)

		_, err := held.Apply(t.Context(), settings("a"))
		assert.ErrorIs(t, err, lock.ErrLost, "a write under the lock says why it was not made")
		assert.Nil(t, server.Get(cluster.RefOf(settings("a"))))
		assert.ErrorIs(t, held.Release(t.Context()), lock.ErrLost)
		assert.Equal(t, "other", leaseOf(server).GetAnnotations()[tokenAnnotation], "the new holder's Lease is left alone")
	})
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		held := start(t, server).acquire(t, ada())
		takenOver(t, server)
		_, err := held.Apply(t.Context(), settings("a"))
		assert.ErrorIs(t, err, lock.ErrLost, "before the next renewal")
	})
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		held := start(t, server).acquire(t, ada())
		takenOver(t, server)
		assert.ErrorIs(t, held.Release(t.Context()), lock.ErrLost)
		assert.Equal(t, "other", leaseOf(server).GetAnnotations()[tokenAnnotation])
	})
}

func TestALeaseThatWasDeletedByHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		held := start(t, server).acquire(t, ada())
		server.Remove(lock.Ref("shop"))
		time.Sleep(20 * time.Second)
		require.NoError(t, held.Context().Err())
		assert.Equal(t, held.Token(), leaseOf(server).GetAnnotations()[tokenAnnotation], "its living holder makes it again")

		server.Remove(lock.Ref("shop"))
		_, err := held.Apply(t.Context(), settings("a"))
		require.NoError(t, err, "before the next renewal, too")
		assert.Equal(t, held.Token(), leaseOf(server).GetAnnotations()[tokenAnnotation])

		server.Remove(lock.Ref("shop"))
		other := start(t, server).acquire(t, bob())
		_, err = held.Apply(t.Context(), settings("b"))
		assert.ErrorIs(t, err, lock.ErrLost, "somebody else was faster")
		assert.ErrorContains(t, err, `was taken over by bob, who runs "rollback"`)
		assert.NoError(t, other.Confirm(t.Context()))

		server.Remove(lock.Ref("shop"))
		require.NoError(t, other.Release(t.Context()), "there is nothing to give back")
	})
}
