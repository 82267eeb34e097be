//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runningRecords are the records of runs that have not ended.
func runningRecords(t testing.TB, namespace string) string {
	return kubectl(t, "-n", namespace, "get", "secrets", "-l", "team-dashboard.app/outcome=running", "-o", "name")
}

// start types a command and returns when something shows that it is under way, with the process still running.
func start(t *testing.T, underWay func() bool, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	command := exec.CommandContext(ctx, "dagger", append([]string{"call", "--progress=plain"}, args...)...)
	command.Dir = repository(t)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	printed, err := os.Create(filepath.Join(folderOfTheRun, "told", fmt.Sprintf("interrupted-%d", time.Now().UnixNano())))
	require.NoError(t, err)
	t.Cleanup(func() { _ = printed.Close() })
	_, _ = printed.WriteString(strings.Join(command.Args, " ") + "\n")
	command.Stdout, command.Stderr = printed, printed
	require.NoError(t, command.Start())
	require.Eventually(t, underWay, 2*time.Minute, 200*time.Millisecond)
	return command
}

// kill ends a command as a power cut would.
func kill(t *testing.T, command *exec.Cmd) {
	t.Helper()
	require.NoError(t, syscall.Kill(-command.Process.Pid, syscall.SIGKILL))
	_ = command.Wait()
}

// begin types a deploy and returns when its record shows that it is under way.
func begin(t *testing.T, file, watch string) *exec.Cmd {
	t.Helper()
	return start(t, func() bool { return runningRecords(t, production) != "" },
		"--actor", "first", "deploy", "--env", "production", "--release-file", file, "--watch", watch)
}

// killed is a deploy that is killed on its way; the same command again finishes the work.
func killed(t *testing.T, file, version string) {
	live := liveSlot(t)
	first := begin(t, file, "0s")
	kill(t, first)
	require.Equal(t, live, liveSlot(t))

	got := deploy(t, "production", file)
	assert.Equal(t, "succeeded", got.Outcome)
	assert.Equal(t, version, got.Release)
	assert.Equal(t, other(live), liveSlot(t))
	assert.Empty(t, runningRecords(t, production), "the killed run is still on record as running")
}

// twoAtOnce are two deploys at the same time: one runs, the other is refused with the name of who holds the lock.
func twoAtOnce(t *testing.T, file string) {
	live := liveSlot(t)
	first := begin(t, file, watched) // so that it lasts until the other has begun, too
	text := refused(t, "--actor", "second", "deploy", "--env", "production", "--release-file", file, "--watch", "0s")
	assert.Contains(t, text, "first is running", "the holder is not named")
	require.NoError(t, first.Wait(), "the first deploy did not go through")
	assert.Equal(t, other(live), liveSlot(t))
}
