package rollout

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
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
}

var scenes = []scene{
	{name: "first deploy", environment: production, command: deploying(production, "v1"), live: "v1"},
	{name: "second deploy", environment: production, before: []string{"v1"}, command: deploying(production, "v2"), live: "v2"},
	{name: "third deploy", environment: production, before: []string{"v1", "v2"}, command: deploying(production, "v3"), live: "v3"},
	{name: "rollback", environment: production, before: []string{"v1", "v2"}, command: rollingBack(production, Request{To: "1"}), live: "v1"},
	{name: "rollback further", environment: production, before: []string{"v1", "v2", "v3"}, command: rollingBack(production, Request{To: "v1"}), live: "v1"},
	{name: "forced rollback", environment: production, before: []string{"v1", "v2"}, command: rollingBack(production, Request{To: "1", Force: true}), live: "v1"},
	{name: "never ready", environment: production, before: []string{"v1"}, command: deploying(production, "hanging"), live: "v1", fails: true},
	{name: "unhealthy", environment: production, before: []string{"v1"}, command: deploying(production, "sick"), live: "v1", fails: true},
	{name: "unreachable", environment: production, before: []string{"v1"}, command: deploying(production, "unreachable"), live: "v1", fails: true},
	{name: "reverted by the watch", environment: production, before: []string{"v1"}, command: deploying(production, "breaching"), live: "v1", fails: true},
	{name: "staging first", environment: staging, command: deploying(staging, "v1"), live: "v1"},
	{name: "staging", environment: staging, before: []string{"v1"}, command: deploying(staging, "v2"), live: "v2"},
	{name: "staging rollback", environment: staging, before: []string{"v1", "v2"}, command: rollingBack(staging, Request{To: "1"}), live: "v1"},
	{name: "staging reverted", environment: staging, before: []string{"v1"}, command: deploying(staging, "breaching"), live: "v1", fails: true},
}

// set makes the scene's world up to the command.
func (s scene) set(t *testing.T) *world {
	w := newWorld(t, s.environment)
	w.hanging["hanging"], w.sick["sick"], w.breaching["breaching"], w.unreachable["unreachable"] = true, true, true, true
	for _, version := range s.before {
		_, err := w.deploy(s.environment, version)
		require.NoError(t, err)
	}
	w.revive()
	return w
}

// run performs the command and asserts its end.
func (s scene) run(w *world) {
	w.t.Helper()
	_, err := s.command(w)
	assert.Equal(w.t, s.fails, err != nil, "%v", err)
	w.finished(s.environment, s.live)
}

// killedAt plays the scene's command until its n-th write, which does not arrive any more; ok is false when it has fewer.
func (s scene) killedAt(base *world, t *testing.T, n int) (w *world, ok bool) {
	w = base.again(t)
	w.guard(s.environment)
	w.before = func(at int, _ write) error {
		if at == n {
			return errKilled
		}
		return nil
	}
	_, err := s.command(w)
	if !w.dead {
		return w, false
	}
	if err == nil {
		// Only giving back the lock may fail without a word: it ends by itself.
		require.NotNil(t, w.holder)
	}
	w.revive()
	return w, true
}

// eachKill calls what with the world after a kill at each of the command's writes.
func (s scene) eachKill(t *testing.T, what func(w *world)) {
	base := s.set(t)
	for n := 0; ; n++ {
		w, ok := s.killedAt(base, t, n)
		if !ok {
			require.Greater(t, n, 10, "a run has more writes than this")
			return
		}
		what(w)
		if t.Failed() {
			t.Fatalf("killed at write %d", n)
		}
	}
}

func TestTheSameCommandFinishesWhatAKillLeft(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.eachKill(t, s.run)
		})
	}
}

func TestAnotherDeployTakesOverWhatAKillLeft(t *testing.T) {
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			other := scene{environment: s.environment, command: deploying(s.environment, "other"), live: "other"}
			s.eachKill(t, other.run)
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
			t.Parallel()
			s.eachKill(t, func(w *world) {
				records := w.history()
				undone := records[0].Outcome == OutcomeRunning
				_, err := w.rollback(s.environment, Request{})
				switch {
				case undone || records[0].Release.Version == "v2":
					require.NoError(t, err)
					w.finished(s.environment, "v1")
				default: // killed before the deploy was recorded: v1 is all there ever was
					require.ErrorIs(t, err, ErrNothingToGoBackTo)
					w.finished(s.environment, "v1")
				}
			})
		})
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
			t.Parallel()
			base := s.set(t)
			live := base.liveVersion(s.environment)
			for n := 0; ; n++ {
				w := base.again(t)
				w.guard(s.environment)
				refused := false
				w.before = func(at int, _ write) error {
					if at == n && !refused {
						refused = true
						return fmt.Errorf("write %d: %w", n, errRefused)
					}
					return nil
				}
				_, err := s.command(w)
				if !refused {
					return
				}
				if now := w.liveVersion(s.environment); err != nil && now != s.live {
					assert.Equal(t, live, now, "killed at write %d: %v", n, err)
				}
				w.before = nil
				if w.holder != nil {
					w.revive()
				}
				s.run(w)
				if t.Failed() {
					t.Fatalf("refused at write %d: %v", n, err)
				}
			}
		})
	}
}
