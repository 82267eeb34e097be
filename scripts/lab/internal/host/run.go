package host

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
)

// outputShown is how much of a failed command's output its error repeats, in
// lines from the end: that is where programs say what went wrong.
const outputShown = 15

// Run runs a command to its end. The error of a command that fails holds the
// last lines of what it printed.
func (h *Host) Run(ctx context.Context, command ...string) error {
	_, err := h.Output(ctx, command...)
	return err
}

// Output runs a command to its end and returns what it printed to stdout.
func (h *Host) Output(ctx context.Context, command ...string) (string, error) {
	return Output(exec.CommandContext(ctx, command[0], command[1:]...))
}

// Output runs cmd like Host.Output, for commands that need a folder, an
// environment or an input.
func Output(cmd *exec.Cmd) (string, error) {
	var stdout bytes.Buffer
	all := &transcript{}
	cmd.Stdout = io.MultiWriter(&stdout, all)
	cmd.Stderr = all
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("running %q: %w%s", strings.Join(cmd.Args, " "), err, tail(all.text.String()))
	}
	return stdout.String(), nil
}

// A transcript is what a command printed to stdout and stderr, which exec
// copies by one goroutine each, in the order of arrival.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func tail(output string) string {
	output = strings.TrimSpace(output)
	if output == "" {
		return ""
	}
	lines := strings.Split(output, "\n")
	if len(lines) > outputShown {
		lines = lines[len(lines)-outputShown:]
	}
	return ":\n    " + strings.Join(lines, "\n    ")
}

// passed names the variables of the lab's caller that its processes see: what
// it takes to find programs and to reach the world, and nothing private.
var passed = []string{
	"PATH", "HOME", "LANG", "TMPDIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR",
	"GOPROXY", "GOPATH", "GOMODCACHE", "GOCACHE", "GONOSUMDB", "GOSUMDB", "GOPRIVATE", "GOROOT",
}

func environ(extra []string) []string {
	var env []string
	for _, name := range passed {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, extra...)
}
