package rollout

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// command is what a person types.
type command func(w *world) (Result, error)

func deploying(environment config.Environment, version string) command {
	return func(w *world) (Result, error) { return w.deploy(environment, version) }
}

func rollingBack(environment config.Environment, request Request) command {
	return func(w *world) (Result, error) { return w.rollback(environment, request) }
}

// scene is a command in a world where others ran before it.
type scene struct {
	name        string
	environment config.Environment
	before      []string
	command     command
	// live is what must be live after the command came to its end.
	live string
	// fails says that the command is meant to fail, and to undo itself.
	fails bool
	// main scenes are broken at more of their writes than others.
	main bool
}

var scenes = []scene{
	{name: "first deploy", environment: production, command: deploying(production, "v1"), live: "v1"},
	{name: "second deploy", main: true, environment: production, before: []string{"v1"}, command: deploying(production, "v2"), live: "v2"},
	{name: "third deploy", environment: production, before: []string{"v1", "v2"}, command: deploying(production, "v3"), live: "v3"},
	{name: "rollback", main: true, environment: production, before: []string{"v1", "v2"}, command: rollingBack(production, Request{To: "1"}), live: "v1"},
	{name: "rollback further", environment: production, before: []string{"v1", "v2", "v3"}, command: rollingBack(production, Request{To: "v1"}), live: "v1"},
	{name: "forced rollback", environment: production, before: []string{"v1", "v2"}, command: rollingBack(production, Request{To: "1", Force: true}), live: "v1"},
	{name: "never ready", environment: production, before: []string{"v1"}, command: deploying(production, "hanging"), live: "v1", fails: true},
	{name: "unhealthy", environment: production, before: []string{"v1"}, command: deploying(production, "sick"), live: "v1", fails: true},
	{name: "unreachable", environment: production, before: []string{"v1"}, command: deploying(production, "unreachable"), live: "v1", fails: true},
	{name: "reverted by the watch", main: true, environment: production, before: []string{"v1"}, command: deploying(production, "breaching"), live: "v1", fails: true},
	{name: "staging first", environment: staging, command: deploying(staging, "v1"), live: "v1"},
	{name: "staging", main: true, environment: staging, before: []string{"v1"}, command: deploying(staging, "v2"), live: "v2"},
	{name: "staging rollback", environment: staging, before: []string{"v1", "v2"}, command: rollingBack(staging, Request{To: "1"}), live: "v1"},
	{name: "staging reverted", main: true, environment: staging, before: []string{"v1"}, command: deploying(staging, "breaching"), live: "v1", fails: true},
}

// play runs what in the scene's world, up to its command, on a clock of its own.
func (s scene) play(t *testing.T, what func(t *testing.T, base *world)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, s.environment)
		w.hanging["hanging"], w.sick["sick"], w.breaching["breaching"], w.unreachable["unreachable"] = true, true, true, true
		for _, version := range s.before {
			_, err := w.deploy(s.environment, version)
			require.NoError(t, err)
		}
		what(t, w)
	})
}

// run performs the command and asserts its end.
func (s scene) run(w *world) {
	w.t.Helper()
	_, err := s.command(w)
	assert.Equal(w.t, s.fails, err != nil, "%v", err)
	w.finished(s.environment, s.live)
}

// broken plays the scene's command with a fault at its n-th write; ok is false when it has fewer.
func (s scene) broken(t *testing.T, base *world, n int, fault clustertest.Fault) (w *world, result Result, err error, ok bool) {
	w = base.again(t)
	w.guard(s.environment)
	w.client.Fault = func(at int, _ clustertest.Write) clustertest.Fault {
		if at == n {
			ok = true
			return fault
		}
		return clustertest.None
	}
	result, err = s.command(w)
	w.next()
	return w, result, err, ok
}

// each calls what with the world after a fault at each of the command's writes.
func (s scene) each(t *testing.T, base *world, fault clustertest.Fault, what func(w *world, result Result, err error)) {
	stride := s.stride()
	s.every(t, base, fault, len(s.name)%stride, stride, what)
}

// stride is how many writes lie between two that are broken. Which these are differs from scene to scene.
func (s scene) stride() int {
	switch {
	case exhaustive:
		return 1
	case s.main:
		return 7
	}
	return 16
}

// every is each, for some of the writes.
func (s scene) every(t *testing.T, base *world, fault clustertest.Fault, first, stride int, what func(w *world, result Result, err error)) {
	for n := first; ; n += stride {
		w, result, err, ok := s.broken(t, base, n, fault)
		if !ok {
			require.Greater(t, n, 10, "a run has more writes than this")
			return
		}
		what(w, result, err)
		if t.Failed() {
			t.Fatalf("%s at write %d: %v", fault, n, err)
		}
	}
}

func TestTheSameCommandFinishesWhatAKillLeft(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			s.play(t, func(t *testing.T, base *world) {
				s.each(t, base, clustertest.Kill, func(w *world, _ Result, err error) {
					if err == nil && !s.fails { // only giving back the lock was left, which ends by itself
						time.Sleep(time.Minute)
						return
					}
					s.run(w)
				})
			})
		})
	}
}

func TestAnotherDeployTakesOverWhatAKillLeft(t *testing.T) {
	for _, s := range scenes {
		s.main = false
		t.Run(s.name, func(t *testing.T) {
			other := scene{environment: s.environment, command: deploying(s.environment, "other"), live: "other"}
			s.play(t, func(t *testing.T, base *world) {
				s.each(t, base, clustertest.Kill, func(w *world, _ Result, _ error) { other.run(w) })
			})
		})
	}
}

// A person who sees a deploy die may well type rollback: what was live before it is live again, whatever it had done.
func TestRollbackTakesBackWhatAKillLeft(t *testing.T) {
	for _, s := range scenes {
		if len(s.before) != 1 || s.fails {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			s.play(t, func(t *testing.T, base *world) {
				s.each(t, base, clustertest.Kill, func(w *world, _ Result, _ error) {
					newest := w.records(s.environment)[0]
					_, err := w.rollback(s.environment, Request{})
					if newest.Outcome == record.Running || newest.Release.Version == "v2" {
						require.NoError(t, err)
					} else { // killed before the deploy was recorded: v1 is all there ever was
						require.ErrorIs(t, err, ErrNothingToGoBackTo)
					}
					if newest.Outcome == record.Running || err == nil {
						w.finished(s.environment, "v1")
					}
				})
			})
		})
	}
}

// One bad answer, or none, never reverts a good release, and never leaves it half done.
func TestAPassingFaultChangesNothing(t *testing.T) {
	faults := []clustertest.Fault{clustertest.Conflict, clustertest.TooMany, clustertest.Failing, clustertest.Timeout, clustertest.Lost}
	for i, fault := range faults {
		for _, s := range scenes {
			if !s.main {
				continue
			}
			t.Run(string(fault)+" "+s.name, func(t *testing.T) {
				s.play(t, func(t *testing.T, base *world) {
					stride := 3 * s.stride()
					if exhaustive {
						stride = 1
					}
					s.every(t, base, fault, (i*5+len(s.name))%stride, stride, func(w *world, _ Result, err error) {
						assert.Equal(t, s.fails, err != nil, "%v", err)
						w.finished(s.environment, s.live)
					})
				})
			})
		}
	}
}

// What is refused once, for good, by the API server makes the command fail; it undoes what it can, and the next one
// finishes the rest.
func TestAWriteThatFailsIsTakenBack(t *testing.T) {
	for _, s := range scenes {
		if s.fails {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			s.play(t, func(t *testing.T, base *world) {
				live := base.liveVersion(s.environment)
				s.each(t, base, clustertest.Refused, func(w *world, _ Result, err error) {
					if now := w.liveVersion(s.environment); err != nil && now != s.live {
						assert.Equal(t, live, now, "%v", err)
					}
					if err == nil {
						return // only giving back the lock was left, which ends by itself
					}
					s.run(w)
				})
			})
		})
	}
}
