package lock_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// work is all that a run does with its lock, from acquiring it to giving it back.
func work(ctx context.Context, p *process, request lock.Request) ([]cluster.Change, error) {
	held, err := lock.Acquire(ctx, p.Cluster(), "shop", request)
	if err != nil {
		return nil, err
	}
	steps := []func(context.Context, *lock.Held) error{
		apply(settings("a")), apply(settings("b")), apply(settings("b")), patch("c"), apply(web("one")), scale(5), create(job()), remove(job())}
	for _, step := range steps {
		if err := step(ctx, held); err != nil {
			return held.Changes(), err
		}
		time.Sleep(3 * time.Second)
	}
	return held.Changes(), held.Release(ctx)
}

// worked is what the API server and the run must say of it.
func worked(t *testing.T, server *clustertest.Server, changes []cluster.Change) {
	t.Helper()
	assert.Equal(t, []cluster.Change{
		{Ref: cluster.RefOf(settings("")), Action: cluster.Created},
		{Ref: cluster.RefOf(web("")), Action: cluster.Created},
		{Ref: cluster.RefOf(job()), Action: cluster.Deleted},
	}, changes)
	assert.Equal(t, map[string]any{"key": "c"}, data(server.Get(cluster.RefOf(settings("")))))
	assert.Len(t, server.List("v1", "Pod", "shop", nil), 5)
	assert.Nil(t, server.Get(cluster.RefOf(job())))
	assert.NotContains(t, leaseOf(server).GetAnnotations(), tokenAnnotation, "the lock was given back")
	for _, object := range []*cluster.Object{settings(""), web("")} {
		assert.NotContains(t, server.Get(cluster.RefOf(object)).GetAnnotations(), "team-dashboard.app/creating")
	}
}

// An API server that is away for up to five minutes, from any request on, costs time and nothing else.
func TestAnOutageAtEachRequest(t *testing.T) {
	for _, length := range []time.Duration{20 * time.Second, 5 * time.Minute} {
		for n := 0; ; n++ {
			met := false
			t.Run(fmt.Sprintf("%s from request %d", length, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := clustertest.NewServer("shop")
					run := start(t, server)
					requests, began := 0, time.Time{}
					run.Away = func() bool {
						if requests++; requests == n+1 {
							met, began = true, time.Now()
						}
						return met && time.Since(began) < length
					}
					changes, err := work(t.Context(), run, ada())
					if err != nil { // it was to give the lock back only
						assert.ErrorContains(t, err, `giving back the lock of namespace "shop", which otherwise ends by itself in 20s: `)
						request := bob()
						request.Wait = time.Hour
						require.NoError(t, start(t, server).acquire(t, request).Release(t.Context()))
					}
					worked(t, server, changes)
				})
			})
			if !met {
				require.Greater(t, n, 30)
				break
			}
		}
	}
}

// Whoever watches a run that stands still is told why, once, and when it goes on.
func TestAnOutageIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		run := start(t, server)
		request, told := ada(), []string{}
		request.Progress = func(line string) { told = append(told, line) }
		held := run.acquire(t, request)
		began := time.Now()
		run.Away = func() bool { return time.Since(began) < time.Minute }
		time.Sleep(2 * time.Minute)
		require.NoError(t, held.Release(t.Context()))
		require.Len(t, told, 2)
		assert.Regexp(t, "^waiting for the API server, for 6m0s at most: .*connection refused", told[0])
		assert.Equal(t, "the API server answers again, after 55s", told[1])
	})
}

// While the API server is away nobody can renew, and nobody can take over: neither who waits since before, nor who comes then.
func TestNobodyTakesOverByAnOutage(t *testing.T) {
	for _, comes := range []time.Duration{0, 3 * time.Minute, 6*time.Minute + 100*time.Millisecond} {
		t.Run(comes.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := clustertest.NewServer("shop")
				began := time.Now()
				away := func() bool {
					since := time.Since(began)
					return since > time.Minute && since < 6*time.Minute
				}
				first, second := start(t, server), start(t, server)
				first.Away, second.Away = away, away
				held := first.acquire(t, ada())
				time.Sleep(comes)
				request := bob()
				request.Wait = time.Hour
				acquired := make(chan *lock.Held)
				go func() {
					later, err := lock.Acquire(second.ctx, second.Cluster(), "shop", request)
					assert.NoError(t, err)
					acquired <- later
				}()
				time.Sleep(time.Until(began.Add(10 * time.Minute)))
				select {
				case <-acquired:
					t.Fatal("the lock of a living holder was taken over")
				default:
				}
				_, err := held.Apply(t.Context(), settings("a"))
				require.NoError(t, err)
				require.NoError(t, held.Release(t.Context()))
				require.NoError(t, (<-acquired).Release(t.Context()))
			})
		})
	}
}

// A look that failed says nothing of the holder. Here the API server comes back for a moment every now and then, in which the
// holder, whose network is worse, has no luck.
func TestOnlyAnswersCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		first, second := start(t, server), start(t, server)
		held := first.acquire(t, ada())
		began := time.Now()
		flapping := func() bool { return time.Since(began)%(8*time.Second) < 2*time.Second }
		first.Away = func() bool { return time.Since(began) < 5*time.Minute+time.Second }
		second.Away = flapping
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		_, err := lock.Acquire(ctx, second.Cluster(), "shop", bob())
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.NoError(t, held.Confirm(t.Context()))
	})
}

// A process that slept between two of its looks has not seen the holder dead.
func TestAGapIsNoLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		first, second := start(t, server), start(t, server)
		first.acquire(t, ada())
		first.kill()
		began := time.Now()
		looks := 0
		second.Away = func() bool {
			if looks++; looks > 3 && looks < 10 {
				time.Sleep(30 * time.Second)
			}
			return false
		}
		second.acquire(t, bob())
		assert.WithinDuration(t, began.Add(3*time.Minute+20*time.Second), time.Now(), 2*time.Second)
	})
}

// A holder that alone cannot reach the API server is followed, and finds out.
func TestAHolderThatIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		first, second := start(t, server), start(t, server)
		held := first.acquire(t, ada())
		began := time.Now()
		first.Away = func() bool { return time.Since(began) < 5*time.Minute }
		ended := make(chan error, 1)
		go func() { ended <- apply(settings("a"))(t.Context(), held) }()

		later := second.acquire(t, bob())
		_, err := later.Apply(t.Context(), settings("b"))
		require.NoError(t, err)
		require.NoError(t, later.Release(t.Context()))
		assert.ErrorIs(t, <-ended, lock.ErrLost)
		<-held.Context().Done()
		assert.Equal(t, map[string]any{"key": "b"}, data(server.Get(cluster.RefOf(settings("")))))
	})
}

func TestAnOutageWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		run := start(t, server)
		held := run.acquire(t, ada())
		began := time.Now()
		run.Away = func() bool { return true }
		_, err := held.Apply(t.Context(), settings("a"))
		assert.ErrorContains(t, err, "the API server does not answer: connection refused (for 6m0s by now); check the network and the API server, then run the same command again, which goes on from there")
		assert.WithinDuration(t, began.Add(6*time.Minute), time.Now(), 10*time.Second)
		assert.NoError(t, held.Context().Err(), "nobody knows that it was lost")

		var lines []string
		request := bob()
		request.Progress = func(line string) { lines = append(lines, line) }
		_, err = lock.Acquire(t.Context(), run.Cluster(), "shop", request)
		assert.ErrorContains(t, err, `locking namespace "shop": no answer for 6m0s: `)
		assert.Len(t, lines, 1)
	})
}

// Whatever happens to one request, once, on its way: the run goes on, and tells what it did.
func TestAFaultAtEachWrite(t *testing.T) {
	for _, fault := range []clustertest.Fault{clustertest.Lost, clustertest.Timeout, clustertest.Conflict, clustertest.TooMany, clustertest.Failing} {
		for n := 0; ; n++ {
			met := false
			t.Run(fmt.Sprintf("%s at write %d", fault, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := clustertest.NewServer("shop")
					run := start(t, server)
					run.Fault = func(at int, _ clustertest.Write) clustertest.Fault {
						if at == n {
							met = true
							return fault
						}
						return clustertest.None
					}
					changes, err := work(t.Context(), run, ada())
					require.NoError(t, err)
					worked(t, server, changes)
				})
			})
			if !met {
				require.Greater(t, n, 15)
				break
			}
		}
	}
}

// A write that did its work tells so, although its answer was lost and the next try has nothing left to do.
func TestALostAnswerIsToldAll(t *testing.T) {
	for _, test := range []struct {
		name  string
		there *cluster.Object
		write func(context.Context, *lock.Held) error
		want  cluster.ChangeAction
	}{
		{"apply", settings("a"), apply(settings("b")), cluster.Configured},
		{"patch", settings("a"), patch("b"), cluster.Configured},
		{"scale", web("one"), scale(3), cluster.Scaled},
		{"delete", settings("a"), remove(settings("")), cluster.Deleted},
		{"apply the same", settings("a"), apply(settings("a")), cluster.Unchanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := clustertest.NewServer("shop")
				before := start(t, server).acquire(t, bob())
				_, err := before.Apply(t.Context(), test.there)
				require.NoError(t, err)
				require.NoError(t, before.Release(t.Context()))
				time.Sleep(time.Minute)

				run := start(t, server)
				held := run.acquire(t, ada())
				lost := false
				run.Fault = func(_ int, w clustertest.Write) clustertest.Fault {
					if w.Ref == cluster.RefOf(test.there) && !lost {
						lost = true
						return clustertest.Lost
					}
					return clustertest.None
				}
				require.NoError(t, test.write(t.Context(), held))
				require.True(t, lost)
				assert.Equal(t, []cluster.Change{{Ref: cluster.RefOf(test.there), Action: test.want}}, held.Changes())
			})
		})
	}
}

// A controller that moves the version of an object again and again, fifty times before each of our writes, holds up nothing.
func TestAControllerThatIsBusy(t *testing.T) {
	for _, v := range verbs {
		if len(v.there) == 0 {
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := clustertest.NewServer("shop")
				run := start(t, server)
				held := run.acquire(t, ada())
				_, err := held.Apply(t.Context(), v.there[0])
				require.NoError(t, err)
				conflicts := 0
				run.Fault = func(_ int, w clustertest.Write) clustertest.Fault {
					if w.Ref == cluster.RefOf(v.there[0]) && conflicts < 50 {
						conflicts++
						object := server.Get(w.Ref)
						object.SetAnnotations(map[string]string{"example.com/seen": strconv.Itoa(conflicts)})
						server.Put(object)
					}
					return clustertest.None
				}
				require.NoError(t, v.write(t.Context(), held))
				assert.Equal(t, 50, conflicts)
			})
		})
	}
}
