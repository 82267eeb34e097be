package host

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// A stat is what /proc/PID/stat says of a process; see proc(5).
type stat struct {
	pid     int
	state   byte
	session int
	start   uint64 // clock ticks since boot
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(text))
}

// parseStat reads "PID (COMMAND) STATE …". The command may hold blanks and
// brackets of its own, so fields are counted from the last bracket.
func parseStat(text string) (stat, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return stat{}, fmt.Errorf("parsing process status %q: no command in brackets", text)
	}
	fields := strings.Fields(text[end+1:]) // fields[0] is field 3 of proc(5)
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("parsing process status %q: %d fields behind the command", text, len(fields))
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	if err != nil {
		return stat{}, fmt.Errorf("parsing process status %q: %w", text, err)
	}
	session, err := strconv.Atoi(fields[3])
	if err != nil {
		return stat{}, fmt.Errorf("parsing process status %q: %w", text, err)
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("parsing process status %q: %w", text, err)
	}
	return stat{pid: pid, state: fields[0][0], session: session, start: start}, nil
}

func (s stat) ended() bool { return s.state == 'Z' || s.state == 'X' }

// bootID differs after every boot of the machine.
func bootID() (string, error) {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}

func (r record) sameBoot() bool {
	boot, err := bootID()
	return err == nil && boot == r.Boot
}

// alive says whether the recorded process itself lives.
func (r record) alive() bool {
	s, err := readStat(r.PID)
	return err == nil && s.start == r.Start && !s.ended() && r.sameBoot()
}

// members are the living processes that stand and fall with the recorded one:
// those of its session, unless it is to be stopped alone. They may outlive it:
// the kernel gives its id to nobody else as long as they do.
func (r record) members() []int {
	if !r.sameBoot() {
		return nil
	}
	if r.Alone {
		if r.alive() {
			return []int{r.PID}
		}
		return nil
	}
	if s, err := readStat(r.PID); err == nil && s.start != r.Start {
		return nil // the id is another process's now, hence the session is over
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if s, err := readStat(pid); err == nil && s.session == r.PID && !s.ended() {
			pids = append(pids, pid)
		}
	}
	return pids
}
