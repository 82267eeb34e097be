package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// A Process is something that goes on when the lab command has ended.
type Process struct {
	// Name is its name in state/pids and state/logs.
	Name string

	// Command is the program, by its path or as found on PATH, and arguments.
	Command []string

	// Env is added to the few variables that every process of the lab sees.
	Env []string

	// Inputs stands for what else the process reads at its start (say, a hash
	// of its configuration). A process is replaced when its command, its
	// environment or its inputs change.
	Inputs string

	// Ready says whether the process does its work. Without it, being alive
	// is enough.
	Ready func(context.Context) error

	// KeepChildren makes what the process started outlive it: stopping or
	// replacing it then ends the process alone.
	KeepChildren bool

	// Patience is how long it may take to become ready. 0 means a minute.
	Patience time.Duration
}

const (
	defaultPatience = time.Minute
	tryEvery        = 100 * time.Millisecond
	tryFor          = 5 * time.Second // one question whether a process is ready

	// benefitOfDoubt is how long a process found alive may fail to be ready
	// (the machine may be busy) until it is taken for half-dead and replaced.
	benefitOfDoubt = 10 * time.Second

	// replaceGrace is how long a process that gets replaced may take to end.
	replaceGrace = 10 * time.Second
)

// A record of a process, kept in state/pids. A bare process id would in time
// name another process; with its start time and the boot's id it never does.
type record struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since boot
	Boot  string `json:"boot"`
	Stamp string `json:"stamp"` // of the command, environment and inputs
	Alone bool   `json:"alone"` // its children are not the lab's to stop; see KeepChildren
}

// Start makes sure that p runs as described and is ready: it leaves a process
// that is, starts one that is not there, replaces one that was started
// otherwise or does not do its work any more. It prints a step when it acts.
func (h *Host) Start(ctx context.Context, p Process) error {
	reason := h.reasonToStart(ctx, p)
	if reason == "" {
		return nil
	}
	err := part.Step(ctx, "starting "+p.Name+" ("+reason+")", func(ctx context.Context) error {
		if err := h.Stop(ctx, p.Name, replaceGrace); err != nil {
			return err
		}
		rec, err := h.spawn(p)
		if err != nil {
			return err
		}
		return h.awaitReady(ctx, p, rec, p.patience())
	})
	if err != nil {
		return fmt.Errorf("%w; its log is %s", err, h.logFile(p.Name))
	}
	return nil
}

// reasonToStart says why p has to be started, or nothing when it is well.
func (h *Host) reasonToStart(ctx context.Context, p Process) string {
	rec, known := h.recorded(p.Name)
	switch {
	case !known:
		return "new"
	case !rec.alive():
		return "it was dead"
	case rec.Stamp != p.stamp():
		return "it has changed"
	case h.awaitReady(ctx, p, rec, min(p.patience(), benefitOfDoubt)) != nil:
		return "it did not answer"
	}
	return ""
}

// spawn starts p as the leader of a session of its own, so that it outlives
// the lab command and all that belongs to it can be found by the session's id.
func (h *Host) spawn(p Process) (record, error) {
	// What the lab's caller has open (a lock, a pipe) would stay open for as long
	// as p lives.
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return record{}, fmt.Errorf("keeping the caller's open files back: %w", err)
	}
	log, err := h.openLog(p.Name)
	if err != nil {
		return record{}, err
	}
	defer log.Close()
	cmd := exec.Command(p.Command[0], p.Command[1:]...)
	cmd.Dir = "/"
	cmd.Env = environ(p.Env)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return record{}, err
	}
	go func() { _ = cmd.Wait() }() // else it would stay a zombie while we run

	stat, err := readStat(cmd.Process.Pid)
	if err != nil {
		return record{}, fmt.Errorf("it ended%s", h.lastWords(p.Name))
	}
	boot, err := bootID()
	if err != nil {
		return record{}, err
	}
	rec := record{PID: stat.pid, Start: stat.start, Boot: boot, Stamp: p.stamp(), Alone: p.KeepChildren}
	text, err := json.Marshal(rec)
	if err != nil {
		return record{}, err
	}
	_, err = Write(h.pidFile(p.Name), append(text, '\n'), 0o644)
	return rec, err
}

// openLog begins the log of a process anew and keeps the one before it, which
// tells why the process had to be replaced.
func (h *Host) openLog(name string) (*os.File, error) {
	path := h.logFile(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := os.Rename(path, path+".before"); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	return os.Create(path)
}

func (h *Host) awaitReady(ctx context.Context, p Process, rec record, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if !rec.alive() {
			return fmt.Errorf("it ended%s", h.lastWords(p.Name))
		}
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it is not ready after %s: %w", patience, err)
		case <-time.After(tryEvery):
		}
	}
}

func (p Process) patience() time.Duration {
	if p.Patience == 0 {
		return defaultPatience
	}
	return p.Patience
}

func (p Process) ready(ctx context.Context) error {
	if p.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	return p.Ready(ctx)
}

// lastWords is the end of a process's log, to be put behind an error.
func (h *Host) lastWords(name string) string {
	log, err := os.ReadFile(h.logFile(name))
	if err != nil {
		return ""
	}
	return tail(string(log))
}

func (p Process) stamp() string {
	sum := sha256.Sum256([]byte(strings.Join(p.Command, "\x00") + "\x01" + strings.Join(p.Env, "\x00") + "\x01" + p.Inputs))
	return hex.EncodeToString(sum[:8])
}

// Alive says whether the process of that name, as Start started it, lives.
func (h *Host) Alive(name string) bool {
	_, alive := h.lookup(name)
	return alive
}

// PID is the id of the process of that name, 0 when it does not live.
func (h *Host) PID(name string) int {
	rec, alive := h.lookup(name)
	if !alive {
		return 0
	}
	return rec.PID
}

func (h *Host) lookup(name string) (record, bool) {
	rec, known := h.recorded(name)
	return rec, known && rec.alive()
}

// recorded is what is known of the process of that name, alive or not.
func (h *Host) recorded(name string) (record, bool) {
	text, err := os.ReadFile(h.pidFile(name))
	if err != nil {
		return record{}, false
	}
	var rec record
	return rec, json.Unmarshal(text, &rec) == nil
}

func (h *Host) pidFile(name string) string { return h.State("pids", name) }
func (h *Host) logFile(name string) string { return h.State("logs", name+".log") }
