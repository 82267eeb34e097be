package backup

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
)

// restores are restores to the place of the live database. Where there is none, one write of six is broken: most are alike.
var restores = []struct {
	name    string
	set     func(t *testing.T) *lab
	request Request
	stride  int
}{
	{"over the live one", running, Request{Target: Target{Time: at(1795431500)}, Force: true}, 1},
	{"where there is none", empty, Request{Target: Target{Latest: true}}, 6},
}

// eachWrite restores again and again, with a fault at one write after the other.
func eachWrite(t *testing.T, fault func(l *lab, w clustertest.Write) clustertest.Fault, what func(l *lab, request Request, volume string, run func() error)) {
	for _, restore := range restores {
		t.Run(restore.name, func(t *testing.T) {
			t.Parallel()
			inLab(t, restore.set, func(t *testing.T, base *lab) {
				whole := base.again()
				require.NoError(t, whole.restore(restore.request))
				whole.finished(whole.volume)
				for n, met := 0, true; met; n += restore.stride {
					l := base.again()
					met = false
					l.client.Fault = func(at int, w clustertest.Write) clustertest.Fault {
						if at != n {
							return clustertest.None
						}
						met = true
						return fault(l, w)
					}
					what(l, restore.request, whole.volume, func() error { return l.restore(restore.request) })
					assert.Zero(t, l.refused, "two work on the volume")
					if t.Failed() || !met {
						require.Greater(t, n, 15, "a restore has more writes than this")
						return
					}
				}
			})
		})
	}
}

// Wherever a restore over the live database is killed: until the same command has finished it, the volume says so.
func TestARestoreThatIsKilledIsFinishedByTheSameCommand(t *testing.T) {
	eachWrite(t, func(*lab, clustertest.Write) clustertest.Fault { return clustertest.Kill }, func(l *lab, request Request, volume string, run func() error) {
		_ = run() // the last one gives the lock back, and fails nothing
		_, err := Finished(l.t.Context(), l.NewClient().Cluster(), production)
		if l.volume != "" && (l.stopped() || !l.password) {
			assert.Error(l.t, err, "nobody is told")
		}
		l.next()
		if err == nil && l.volume == volume && volume != "live" {
			time.Sleep(time.Minute)
			l.finished(volume)
			return
		}
		require.NoError(l.t, l.restore(request))
		l.finished(volume)
	})
}

// One bad answer, or none, ends no restore.
func TestAPassingFaultEndsNoRestore(t *testing.T) {
	for _, fault := range []clustertest.Fault{clustertest.Conflict, clustertest.TooMany, clustertest.Failing, clustertest.Timeout, clustertest.Lost} {
		t.Run(string(fault), func(t *testing.T) {
			eachWrite(t, func(*lab, clustertest.Write) clustertest.Fault { return fault }, func(l *lab, _ Request, volume string, run func() error) {
				require.NoError(l.t, run())
				l.finished(volume)
			})
		})
	}
}

// An API server that goes away at any step of a restore and comes back after up to five minutes ends nothing.
func TestARestoreOutlastsTheAPIServer(t *testing.T) {
	for _, outage := range []time.Duration{20 * time.Second, 5 * time.Minute} {
		t.Run(outage.String(), func(t *testing.T) {
			eachWrite(t, func(l *lab, _ clustertest.Write) clustertest.Fault {
				back := time.Now().Add(outage)
				l.client.Away = func() bool { return time.Now().Before(back) }
				return clustertest.Lost
			}, func(l *lab, _ Request, volume string, run func() error) {
				require.NoError(l.t, run())
				l.finished(volume)
			})
		})
	}
}

// A run that slept while another one finished its restore changes nothing when it wakes up.
func TestAFrozenRestoreHurtsNobody(t *testing.T) {
	freeze := func(_ *lab, w clustertest.Write) clustertest.Fault {
		if w.Ref.Kind == "Lease" { // without the lock it has done nothing yet, and may well get it once the other one has ended
			return clustertest.None
		}
		return clustertest.Freeze
	}
	eachWrite(t, freeze, func(l *lab, request Request, volume string, run func() error) {
		frozen, done := l.client, make(chan error, 1)
		go func() { done <- run() }()
		select {
		case err := <-done: // it has fewer writes
			require.NoError(l.t, err)
			l.finished(volume)
			return
		case <-frozen.Frozen():
		}
		l.next()
		require.NoError(l.t, l.restore(request))
		after := l.volume
		frozen.Wake()
		<-done // whatever it says, nothing of it came through
		assert.False(l.t, l.stopped(), "the server does not run")
		assert.Equal(l.t, after, l.volume)
		_, err := Finished(l.t.Context(), l.NewClient().Cluster(), production)
		assert.NoError(l.t, err)
		l.refused = 0 // the Job that woke up too late
	})
}

func TestARepositoryThatIsAwayTouchesNothing(t *testing.T) {
	inLab(t, running, func(t *testing.T, l *lab) {
		before := len(l.Writes())
		l.away = "[HostConnectError] unable to connect to 's3:9000': [111] Connection refused\n    [HostConnectError] on 2 retries"
		err := l.restore(Request{Target: Target{Latest: true}, Force: true})
		require.ErrorContains(t, err, "listing the backups of production: the repository cannot be read: [HostConnectError] unable to connect to 's3:9000': [111] Connection refused; check where")
		assert.NotContains(t, err.Error(), "\n")
		for _, write := range l.Writes()[before:] {
			assert.Contains(t, []string{"Job", "Lease"}, write.Ref.Kind, "only the Job that lists, under the lock")
		}
		assert.Equal(t, "live", l.volume)
		assert.False(t, l.stopped())
	})
}

func TestARightThatIsLackingTouchesNothing(t *testing.T) {
	inLab(t, running, func(t *testing.T, l *lab) {
		before := len(l.Writes())
		l.Forbid("NetworkPolicy") // which only a deploy would meet, in the end
		require.ErrorContains(t, l.restore(Request{Target: Target{Latest: true}, Force: true}), "may not do in namespace \"team-dashboard-prod\": get NetworkPolicy")
		assert.Len(t, l.Writes(), before)
	})
}
