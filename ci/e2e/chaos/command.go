package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
)

// longestCommand ends a command that does not end by itself; the longest that a run may be held up for is far below.
const longestCommand = 8 * time.Minute

// command is a `dagger call` as a user types it, behind a proxy of its own if it writes.
type command struct {
	name  string
	args  []string
	proxy *apiproxy.Proxy

	process        *exec.Cmd
	stdout, stderr bytes.Buffer
	began, ended   time.Time
	overdue        bool
	done           chan struct{}
}

// start types a command. What it is given of the cluster is the proxy, with the rights of a deployer.
func (c *campaign) start(name string, hook apiproxy.Hook, args ...string) (*command, error) {
	proxy, err := apiproxy.Listen(c.deployer.server.Hostname(), name, apiproxy.Upstream{URL: c.deployer.server, Transport: c.deployer.client.Transport}, c.authority, hook)
	if err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(c.secrets, name+".kubeconfig")
	if err := os.WriteFile(kubeconfig, proxy.Kubeconfig(), 0o600); err != nil {
		return nil, errors.Join(err, proxy.Close())
	}
	flags := append([]string{"call", "--progress=plain", "--kubeconfig", "file://" + kubeconfig, "--actor", name}, c.Flags...)
	cmd := &command{name: name, args: args, proxy: proxy, done: make(chan struct{}), began: time.Now()}
	cmd.process = exec.Command("dagger", append(flags, args...)...)
	cmd.process.Dir = c.Module
	cmd.process.Stdout, cmd.process.Stderr = &cmd.stdout, &cmd.stderr
	cmd.process.WaitDelay = 10 * time.Second
	// A group of its own: an interrupt at the terminal must not reach it before it is put right what was stopped.
	cmd.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.process.Start(); err != nil {
		return nil, errors.Join(err, proxy.Close())
	}
	c.track(cmd)
	go func() {
		_ = cmd.process.Wait() // its code is asked for below
		cmd.ended = time.Now()
		close(cmd.done)
		_ = os.Remove(kubeconfig)
		c.keep(cmd)
	}()
	return cmd, nil
}

// kill ends a command as a power cut would.
func (cmd *command) kill() {
	select {
	case <-cmd.done: // its id may be another's
	default:
		_ = syscall.Kill(-cmd.process.Process.Pid, syscall.SIGKILL)
	}
}

// wait lasts until the command has ended. One that does not end by itself is overdue, and killed.
func (cmd *command) wait(ctx context.Context) {
	select {
	case <-cmd.done:
		return
	case <-ctx.Done():
	case <-time.After(longestCommand):
		cmd.overdue = true
	}
	cmd.kill()
	<-cmd.done
}

func (cmd *command) claim() (Claim, error) {
	return readClaim(cmd.process.ProcessState.ExitCode(), cmd.stdout.String(), cmd.stderr.String())
}

func (cmd *command) String() string { return strings.Join(cmd.args, " ") }

// keep writes down what a command printed and wrote, for those who look for what went wrong.
func (c *campaign) keep(cmd *command) {
	var text strings.Builder
	fmt.Fprintf(&text, "$ %s\n%s\n%s\n%s, code %d\n\nwrites:\n", cmd, cmd.stdout.String(), cmd.stderr.String(),
		cmd.ended.Sub(cmd.began).Round(time.Millisecond), cmd.process.ProcessState.ExitCode())
	for _, w := range cmd.proxy.Writes() {
		fmt.Fprintf(&text, "%s %s %d: %s %s\n", w.At.Format("15:04:05.000"), w.Step, w.N, w.Verb, w.Object)
	}
	_ = os.WriteFile(filepath.Join(c.Out, cmd.name+".txt"), []byte(text.String()), 0o600)
}
