package chaos

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sleeper is a process that does nothing, and leads a session.
func sleeper(t *testing.T) int {
	t.Helper()
	command := exec.Command("sleep", "60")
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	return command.Process.Pid
}

func stopped(pid int) bool {
	s, err := readStat(pid)
	return err == nil && s.state == 'T'
}

func TestStopAndResume(t *testing.T) {
	pid := sleeper(t)
	resume, err := stop([]int{pid}, time.Minute)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return stopped(pid) }, 5*time.Second, time.Millisecond)
	resume()
	require.Eventually(t, func() bool { return !stopped(pid) }, 5*time.Second, time.Millisecond)
	resume() // again does no harm
}

func noted(t *testing.T, pid int, start uint64) string {
	t.Helper()
	lab := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(lab, "state/pids"), 0o755))
	text := fmt.Sprintf(`{"pid":%d,"start":%d}`, pid, start)
	require.NoError(t, os.WriteFile(filepath.Join(lab, "state/pids/etcd"), []byte(text), 0o600))
	return lab
}

func TestSession(t *testing.T) {
	pid := sleeper(t)
	s, err := readStat(pid)
	require.NoError(t, err)
	pids, err := session(noted(t, pid, s.start), "etcd")
	require.NoError(t, err)
	assert.Equal(t, []int{pid}, pids)
}

// Another process with the id of one that is gone must not be stopped in its place.
func TestSessionOfAnEarlierProcess(t *testing.T) {
	pid := sleeper(t)
	s, err := readStat(pid)
	require.NoError(t, err)
	_, err = session(noted(t, pid, s.start-1), "etcd")
	assert.ErrorContains(t, err, "gone")
}

func TestLeadsTo(t *testing.T) {
	const connections = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0200580A:C21A 0100630A:BC4F 01 00000000:00000000 00:00000000 00000000     0        0 12345 1
   1: 0200580A:C21C 0100630A:192B 06 00000000:00000000 00:00000000 00000000     0        0 0 1
`
	at := func(port int) *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(10, 99, 0, 1), Port: port} }
	assert.True(t, leadsTo(connections, at(0xBC4F)))
	assert.False(t, leadsTo(connections, at(0x192B)), "it is over")
	assert.False(t, leadsTo(connections, at(443)))
}
