package host

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func newHost(t *testing.T) *Host {
	t.Helper()
	return &Host{Root: t.TempDir(), Repo: t.TempDir()}
}

// start starts p, and takes care that it does not outlive the test.
func start(t *testing.T, h *Host, p Process) error {
	t.Helper()
	t.Cleanup(func() { assert.NoError(t, h.Stop(context.Background(), p.Name, 0)) })
	return h.Start(t.Context(), p)
}

var sleeper = Process{Name: "sleeper", Command: []string{"sleep", "600"}}

func TestStartLeavesWhatRunsAlone(t *testing.T) {
	h := newHost(t)
	require.NoError(t, start(t, h, sleeper))
	first := h.PID("sleeper")
	require.NotZero(t, first)

	require.NoError(t, start(t, h, sleeper))
	assert.Equal(t, first, h.PID("sleeper"))
}

func TestStartReplaces(t *testing.T) {
	tests := map[string]func(t *testing.T, pid int) Process{
		"a dead process": func(t *testing.T, pid int) Process {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
			awaitEnd(t, pid)
			return sleeper
		},
		"a process with another command": func(*testing.T, int) Process {
			p := sleeper
			p.Command = []string{"sleep", "601"}
			return p
		},
		"a process with another environment": func(*testing.T, int) Process {
			p := sleeper
			p.Env = []string{"A=B"}
			return p
		},
		"a process with other inputs": func(*testing.T, int) Process {
			p := sleeper
			p.Inputs = "another configuration"
			return p
		},
		"a process that lives but does not work": func(_ *testing.T, old int) Process {
			p := sleeper
			p.Patience = time.Second
			p.Ready = func(context.Context) error {
				if syscall.Kill(old, 0) == nil {
					return errors.New("the old one hangs")
				}
				return nil
			}
			return p
		},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			require.NoError(t, start(t, h, sleeper))
			old := h.PID("sleeper")

			require.NoError(t, start(t, h, change(t, old)))
			assert.NotEqual(t, old, h.PID("sleeper"))
			assert.True(t, h.Alive("sleeper"))
			assert.Error(t, syscall.Kill(old, 0), "the old one is gone")
		})
	}
}

func TestStartTellsWhyAProcessEnded(t *testing.T) {
	h := newHost(t)
	err := start(t, h, Process{
		Name:    "broken",
		Command: []string{"sh", "-c", "echo no such configuration >&2; exit 1"},
		Ready:   func(context.Context) error { return errors.New("not yet") },
	})
	require.ErrorContains(t, err, "starting broken")
	assert.ErrorContains(t, err, "no such configuration")
	assert.ErrorContains(t, err, h.State("logs", "broken.log"))
}

func TestStartGivesUpOnWhatNeverGetsReady(t *testing.T) {
	p := sleeper
	p.Patience = 100 * time.Millisecond
	p.Ready = func(context.Context) error { return errors.New("still no answer") }
	assert.ErrorContains(t, start(t, newHost(t), p), "still no answer")
}

func TestStartOfAnUnknownProgram(t *testing.T) {
	assert.ErrorContains(t, start(t, newHost(t), Process{Name: "x", Command: []string{"no-such-program"}}), "no-such-program")
}

// A process id is used again in time. Its new owner must come to no harm.
func TestAnotherProcessWithTheSameIDIsLeftAlone(t *testing.T) {
	other := exec.Command("sleep", "600")
	require.NoError(t, other.Start())
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	theirs, err := readStat(other.Process.Pid)
	require.NoError(t, err)
	boot, err := bootID()
	require.NoError(t, err)

	tests := map[string]record{
		"started at another time": {PID: theirs.pid, Start: theirs.start - 1, Boot: boot},
		"of another boot":         {PID: theirs.pid, Start: theirs.start, Boot: "another"},
	}
	for name, rec := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			text, err := json.Marshal(rec)
			require.NoError(t, err)
			_, err = Write(h.pidFile("sleeper"), text, 0o644)
			require.NoError(t, err)

			assert.False(t, h.Alive("sleeper"))
			require.NoError(t, h.Stop(t.Context(), "sleeper", 0))
			assert.NoError(t, syscall.Kill(theirs.pid, 0), "it lives")
		})
	}
}

func TestStop(t *testing.T) {
	// Each script prints the id of a child that must not outlive a stop.
	const child = "sleep 600 & echo $!; "
	tests := map[string]struct {
		script string
		kill   bool // the leader, before the stop
	}{
		"ends children too":                {script: child + "wait"},
		"ends what ignores the polite way": {script: "trap '' TERM; " + child + "while :; do wait; done"},
		"ends what a dead leader left":     {script: child + "wait", kill: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			p := Process{Name: "family", Command: []string{"sh", "-c", test.script}}
			p.Ready = func(context.Context) error { _, err := childOf(h, p.Name); return err }
			require.NoError(t, start(t, h, p))
			pid, err := childOf(h, p.Name)
			require.NoError(t, err)
			if test.kill {
				leader := h.PID(p.Name)
				require.NoError(t, syscall.Kill(leader, syscall.SIGKILL))
				awaitEnd(t, leader)
			}

			require.NoError(t, h.Stop(t.Context(), p.Name, 200*time.Millisecond))
			assert.False(t, h.Alive(p.Name))
			s, err := readStat(pid)
			assert.True(t, err != nil || s.ended(), "the child %d is gone", pid)
			require.NoError(t, h.Stop(t.Context(), p.Name, 0), "a second stop has nothing to do")
		})
	}
}

func TestStopLeavesChildrenThatAreToBeKept(t *testing.T) {
	h := newHost(t)
	p := Process{Name: "family", Command: []string{"sh", "-c", "sleep 600 & echo $!; wait"}, KeepChildren: true}
	p.Ready = func(context.Context) error { _, err := childOf(h, p.Name); return err }
	require.NoError(t, start(t, h, p))
	child, err := childOf(h, p.Name)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, syscall.Kill(child, syscall.SIGKILL)) })

	require.NoError(t, h.Stop(t.Context(), p.Name, time.Second))
	assert.False(t, h.Alive(p.Name))
	s, err := readStat(child)
	require.NoError(t, err)
	assert.False(t, s.ended())
}

func childOf(h *Host, name string) (int, error) {
	log, err := os.ReadFile(h.logFile(name))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(log)))
}

func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		s, err := readStat(pid)
		return err != nil || s.ended()
	}, 10*time.Second, time.Millisecond)
}

func TestProcessesDoNotSeeTheCallersSecrets(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "secret")
	h := newHost(t)
	p := Process{Name: "env", Command: []string{"sh", "-c", "env; exec sleep 600"}, Env: []string{"OURS=1"}}
	p.Ready = func(context.Context) error {
		log, err := os.ReadFile(h.logFile("env"))
		if err == nil && !strings.Contains(string(log), "OURS=1\n") {
			err = errors.New("not printed yet")
		}
		return err
	}
	require.NoError(t, start(t, h, p))
	log, err := os.ReadFile(h.logFile("env"))
	require.NoError(t, err)
	assert.Contains(t, string(log), "PATH=")
	assert.NotContains(t, string(log), "secret")
}

// Whoever waits for a lock that the lab's caller held must not wait for the lab.
func TestProcessesDoNotHoldWhatTheCallerHasOpen(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	open := func() int {
		// Without O_CLOEXEC, as a shell or flock opens what it hands on.
		file, err := unix.Open(lock, unix.O_CREAT|unix.O_RDWR, 0o600)
		require.NoError(t, err)
		return file
	}
	callers := open()
	require.NoError(t, unix.Flock(callers, unix.LOCK_EX))
	require.NoError(t, start(t, newHost(t), sleeper))
	require.NoError(t, unix.Close(callers))

	others := open()
	assert.NoError(t, unix.Flock(others, unix.LOCK_EX|unix.LOCK_NB))
	require.NoError(t, unix.Close(others))
}

func TestParseStat(t *testing.T) {
	const rest = " S 1 77 78 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4242 9 9 9"
	tests := map[string]struct {
		text string
		want stat
		err  string
	}{
		"plain":               {text: "77 (sleep)" + rest, want: stat{pid: 77, state: 'S', session: 78, start: 4242}},
		"blanks, brackets":    {text: "77 (tmux: ) S 1 (x)" + rest, want: stat{pid: 77, state: 'S', session: 78, start: 4242}},
		"nothing":             {text: "", err: "no command"},
		"cut off":             {text: "77 (sleep) S 1", err: "2 fields"},
		"no number for a pid": {text: "x (sleep)" + rest, err: `"x"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(test.text)
			if test.err != "" {
				assert.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}
