package chaos

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// session finds the processes of one part of the lab: the one that the lab noted under that name, and those of its
// session. A process id alone could be another process's by now, so its start time is compared too.
func session(lab, name string) ([]int, error) {
	text, err := os.ReadFile(filepath.Join(lab, "state/pids", name))
	if err != nil {
		return nil, fmt.Errorf("looking for %s: %w; bring the lab up: make lab", name, err)
	}
	var noted struct {
		PID   int    `json:"pid"`
		Start uint64 `json:"start"`
		Alone bool   `json:"alone"`
	}
	if err := json.Unmarshal(text, &noted); err != nil {
		return nil, fmt.Errorf("looking for %s: %w", name, err)
	}
	leader, err := readStat(noted.PID)
	if err != nil || leader.start != noted.Start {
		return nil, fmt.Errorf("looking for %s: process %d is gone; repair the lab: make lab", name, noted.PID)
	}
	pids := []int{noted.PID}
	if noted.Alone {
		return pids, nil
	}
	for _, pid := range processes() {
		if s, err := readStat(pid); err == nil && s.session == noted.PID && pid != noted.PID {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// processes are the ids of all that run.
func processes() []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat is what /proc/PID/stat says; see proc(5).
type stat struct {
	state   byte
	session int
	start   uint64
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	// The command, in brackets, may hold anything: fields are counted behind it.
	fields := strings.Fields(string(text)[strings.LastIndexByte(string(text), ')')+1:])
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("reading the state of process %d: %d fields", pid, len(fields))
	}
	session, _ := strconv.Atoi(fields[3])
	start, err := strconv.ParseUint(fields[19], 10, 64)
	return stat{fields[0][0], session, start}, err
}

// stop lets processes stand still until resume is called, and no longer than a limit: a helper wakes them even if nobody
// is left who could.
func stop(pids []int, limit time.Duration) (resume func(), err error) {
	names := make([]string, len(pids))
	for i, pid := range pids {
		names[i] = strconv.Itoa(pid)
	}
	guard := exec.Command("sh", append([]string{"-c", `sleep "$0"; kill -CONT "$@"`, strconv.Itoa(int(limit/time.Second) + 1)}, names...)...)
	guard.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := guard.Start(); err != nil {
		return nil, fmt.Errorf("stopping processes: %w", err)
	}
	resume = sync.OnceFunc(func() {
		signal(pids, syscall.SIGCONT)
		_ = syscall.Kill(-guard.Process.Pid, syscall.SIGKILL)
		_ = guard.Wait()
	})
	signal(pids, syscall.SIGSTOP)
	return resume, nil
}

func signal(pids []int, sig syscall.Signal) {
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig) // it may have ended
	}
}
