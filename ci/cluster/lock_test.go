package cluster

import (
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	leases    = "/apis/coordination.k8s.io/v1/namespaces/shop/leases"
	leasePath = leases + "/pipeline"
)

func ada() LockRequest {
	return LockRequest{Holder: "ada", Command: "deploy --env production", TTL: 20 * time.Second}
}

func bob() LockRequest {
	return LockRequest{Holder: "bob", Command: "rollback", TTL: 20 * time.Second}
}

// dead stops the renewals of a lock, as the SIGKILL of its process does.
func dead(lock *Lock) {
	lock.cancel(context.Canceled)
	<-lock.stopped
}

func TestLockAndUnlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		lease := server.get(leasePath)
		assert.Equal(t, lock.Token(), lease.GetAnnotations()[tokenAnnotation])
		assert.NotEmpty(t, lock.Token())

		require.NoError(t, lock.Unlock(t.Context()))
		assert.ErrorIs(t, lock.Context().Err(), context.Canceled)
		assert.NotContains(t, server.get(leasePath).GetAnnotations(), tokenAnnotation)

		again, err := cluster.Lock(t.Context(), "shop", bob())
		require.NoError(t, err)
		assert.NotEqual(t, lock.Token(), again.Token())
		require.NoError(t, again.Unlock(t.Context()))
	})
}

func TestLockedByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cluster := newFake(t)
		start := time.Now()
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		defer lock.Unlock(t.Context())

		time.Sleep(time.Minute) // renewals keep it alive
		_, err = cluster.Lock(t.Context(), "shop", bob())
		var locked *LockedError
		require.ErrorAs(t, err, &locked)
		assert.Equal(t, "ada", locked.Holder)
		assert.Equal(t, "deploy --env production", locked.Command)
		assert.WithinDuration(t, start, locked.Since, time.Second)
		assert.Equal(t, time.Until(locked.Expires), locked.Remaining)
		assert.Greater(t, locked.Remaining, 14*time.Second)
		assert.ErrorContains(t, err, `locking namespace "shop": ada is running "deploy --env production" since `)
		assert.NoError(t, lock.Context().Err())
	})
}

func TestLockWaitsForItsHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cluster := newFake(t)
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		time.AfterFunc(time.Minute, func() { lock.Unlock(context.WithoutCancel(t.Context())) })

		var lines []string
		request := bob()
		request.Wait = 2 * time.Minute
		request.Progress = func(line string) { lines = append(lines, line) }
		start := time.Now()
		second, err := cluster.Lock(t.Context(), "shop", request)
		require.NoError(t, err)
		defer second.Unlock(t.Context())
		assert.WithinDuration(t, start.Add(time.Minute), time.Now(), time.Second)
		require.Len(t, lines, 1, "the same holder is told of once")
		assert.Contains(t, lines[0], `ada is running "deploy --env production"`)
	})
}

func TestLockWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cluster := newFake(t)
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		defer lock.Unlock(t.Context())
		request := bob()
		request.Wait = 30 * time.Second
		start := time.Now()
		_, err = cluster.Lock(t.Context(), "shop", request)
		var locked *LockedError
		require.ErrorAs(t, err, &locked)
		assert.WithinDuration(t, start.Add(30*time.Second), time.Now(), time.Second)
	})
}

func TestDeadHolderIsFollowed(t *testing.T) {
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
				_, cluster := newFake(t)
				lock, err := cluster.Lock(t.Context(), "shop", ada())
				require.NoError(t, err)
				dead(lock)
				time.Sleep(test.idle)

				request := bob()
				request.Wait = test.wait
				start := time.Now()
				second, err := cluster.Lock(t.Context(), "shop", request)
				require.NoError(t, err)
				defer second.Unlock(t.Context())
				assert.WithinDuration(t, start.Add(20*time.Second), time.Now(), time.Second, "the holder has its TTL to show itself")
			})
		})
	}
}

// A holder whose clock is an hour slow looks expired, and is not: its renewals are seen.
func TestSlowClockOfTheHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		dead(lock)
		for renewal := range 30 {
			time.AfterFunc(time.Duration(renewal)*5*time.Second, func() {
				server.set(t, leasePath, time.Now().Add(-time.Hour).UTC().Format("2006-01-02T15:04:05.000000Z"), "spec", "renewTime")
			})
		}
		request := bob()
		request.Wait = time.Minute
		_, err = cluster.Lock(t.Context(), "shop", request)
		var locked *LockedError
		require.ErrorAs(t, err, &locked)
	})
}

func TestLockRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cluster := newFake(t)
		results := make(chan error, 8)
		for range cap(results) {
			go func() {
				_, err := cluster.Lock(t.Context(), "shop", ada())
				results <- err
			}()
		}
		var won int
		for range cap(results) {
			err := <-results
			var locked *LockedError
			if err == nil {
				won++
			} else {
				assert.ErrorAs(t, err, &locked)
			}
		}
		assert.Equal(t, 1, won)
	})
}

func TestLockWhoseAnswerWasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		server.fail(fault{match: "POST " + leases, lost: io.ErrUnexpectedEOF})
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err, "the Lease carries our own token")
		require.NoError(t, lock.Unlock(t.Context()))
	})
}

func TestLockTakenOver(t *testing.T) {
	takeOver := map[string]func(*testing.T, *fakeServer){
		"by another run": func(t *testing.T, server *fakeServer) {
			server.set(t, leasePath, "other", "metadata", "annotations", tokenAnnotation)
		},
		"by a person who deleted it": func(_ *testing.T, server *fakeServer) { server.remove(leasePath) },
	}
	for name, act := range takeOver {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, cluster := newFake(t)
				lock, err := cluster.Lock(t.Context(), "shop", ada())
				require.NoError(t, err)
				act(t, server)
				<-lock.Context().Done()
				require.ErrorIs(t, context.Cause(lock.Context()), ErrLockLost)

				_, err = cluster.Apply(lock.Context(), shopSecret(), ApplyOptions{})
				assert.ErrorIs(t, err, ErrLockLost, "a write under the lock says why it was not made")
				before := server.count("PATCH")
				assert.ErrorIs(t, lock.Unlock(t.Context()), ErrLockLost)
				assert.Equal(t, before, server.count("PATCH"), "the new holder's Lease is left alone")
			})
		})
	}
}

func TestUnlockRightAfterATakeOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		server.set(t, leasePath, "other", "metadata", "annotations", tokenAnnotation)
		assert.ErrorIs(t, lock.Unlock(t.Context()), ErrLockLost)
		assert.Equal(t, "other", server.get(leasePath).GetAnnotations()[tokenAnnotation])
	})
}

// While the API server cannot be reached, the lock is given up before another run can have it.
func TestLockThatCannotBeRenewed(t *testing.T) {
	faults := map[string]func() fault{
		"refused": func() fault { return broken("PATCH", syscall.ECONNREFUSED) },
		"hanging": func() fault { return hung("PATCH") },
	}
	for name, make := range faults {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, cluster := newFake(t)
				lock, err := cluster.Lock(t.Context(), "shop", ada())
				require.NoError(t, err)
				acquired := time.Now()
				for range 100 {
					server.fail(make())
				}
				<-lock.Context().Done()
				require.ErrorIs(t, context.Cause(lock.Context()), ErrLockLost)
				assert.WithinDuration(t, acquired.Add(15*time.Second), time.Now(), time.Second, "three quarters of the TTL")
			})
		})
	}
}

func TestLockSurvivesAShortOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		lock, err := cluster.Lock(t.Context(), "shop", ada())
		require.NoError(t, err)
		for range 10 {
			server.fail(broken("PATCH", syscall.ECONNREFUSED))
		}
		time.Sleep(time.Minute)
		assert.NoError(t, lock.Context().Err())
		require.NoError(t, lock.Unlock(t.Context()))
	})
}

func TestLockContextEndsWithTheCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, cluster := newFake(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		lock, err := cluster.Lock(ctx, "shop", ada())
		require.NoError(t, err)
		reason := errors.New("interrupted")
		cancel(reason)
		assert.Equal(t, reason, context.Cause(lock.Context()))
		require.NoError(t, lock.Unlock(context.WithoutCancel(ctx)), "it can still be given back")
	})
}
