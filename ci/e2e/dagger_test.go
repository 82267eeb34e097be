//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience ends a call whose engine has died; no call of the suite takes nearly as long.
const patience = 15 * time.Minute

// answer is what a command left: the result on stdout, progress and errors on stderr.
type answer struct {
	stdout, stderr string
	code           int
}

// call types `dagger call ARGS…` at the root of the repository, as a user of the lab does.
func call(t testing.TB, args ...string) answer {
	t.Helper()
	return run(t, "dagger", append([]string{"call", "--progress=plain"}, args...)...)
}

// mustCall is call for what has to succeed.
func mustCall(t testing.TB, args ...string) string {
	t.Helper()
	got := call(t, args...)
	require.Zero(t, got.code, "dagger call %s\n%s\n%s", strings.Join(args, " "), got.stdout, tail(got.stderr, 60))
	return got.stdout
}

// refused is call for what has to fail: it returns the error as the user reads it.
func refused(t testing.TB, args ...string) string {
	t.Helper()
	got := call(t, args...)
	require.Equal(t, 1, got.code, "dagger call %s: must fail with exit code 1\n%s\n%s", strings.Join(args, " "), got.stdout, tail(got.stderr, 60))
	// At the beginning of a line: progress lines, which may say it too, begin with their number.
	_, text, found := strings.Cut(got.stderr, "\nError: ")
	require.True(t, found, "no error line:\n%s", tail(got.stderr, 60))
	text, _, _ = strings.Cut(text, " [traceparent:")
	for _, spilled := range []string{"panic", "goroutine ", "runtime error", "0xc0", "&{", "map["} {
		require.NotContains(t, text, spilled)
	}
	return text
}

// kubectl is the independent witness: what it reads did not pass through our code.
func kubectl(t testing.TB, args ...string) string {
	t.Helper()
	got := run(t, "kubectl", args...)
	require.Zero(t, got.code, "kubectl %s\n%s", strings.Join(args, " "), got.stderr)
	return strings.TrimSpace(got.stdout)
}

func run(t testing.TB, name string, args ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = repository(t)
	command.WaitDelay = 10 * time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err, "starting %s", name)
	}
	keep(name, args, stdout.String()+stderr.String())
	return answer{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

func repository(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	return root
}

// keep notes everything that was printed, also in a transcript, when the caller names one: E2E_TRANSCRIPT=file. What the
// witness prints was not told by the pipeline.
func keep(name string, args []string, printed string) {
	typed := name + " " + strings.Join(args, " ")
	if name != "kubectl" {
		told(typed, printed)
	}
	path := os.Getenv("E2E_TRANSCRIPT")
	if path == "" {
		return
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer file.Close()
	_, _ = file.WriteString("$ " + typed + "\n" + printed + "\n")
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
