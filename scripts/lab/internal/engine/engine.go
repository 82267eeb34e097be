// Package engine runs Dagger: its engine in namespaces of its own on this
// machine, and its command for people.
package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// The processes.
const (
	process     = "engine"
	moduleProxy = "module-proxy"
)

const (
	// grace is how long the engine may take to stop its containers and to
	// write its cache's index.
	grace = 20 * time.Second

	// maxSocket is the longest path that a unix socket can have; see unix(7).
	maxSocket = 107
)

// An Engine is the part; New makes it.
type Engine struct{ host *host.Host }

func New(h *host.Host) *Engine { return &Engine{host: h} }

func (*Engine) Name() string { return "engine" }

// Up builds what is not built yet, and starts the engine and the module proxy.
func (e *Engine) Up(ctx context.Context) error {
	if len(e.socket()) > maxSocket {
		return fmt.Errorf("the path of the engine's socket %q is longer than %d characters; set TEAM_DASHBOARD_LAB_DIR to a shorter path", e.socket(), maxSocket)
	}
	if err := e.host.Install(ctx, "ca-certificates", "containernetworking-plugins", "dnsmasq-base", "git", "iptables", "mmdebstrap", "runc", "util-linux"); err != nil {
		return err
	}
	tools, system, err := e.ingredients(ctx)
	if err != nil {
		return err
	}
	sdk, err := e.sdkImage(ctx, tools, system)
	if err != nil {
		return err
	}
	if err := e.startModuleProxy(ctx); err != nil {
		return err
	}
	if err := host.Link(tools+"/dagger", e.CLI()); err != nil {
		return err
	}
	return e.start(ctx, tools, sdk)
}

// ingredients builds Dagger's programs, and meanwhile downloads and unpacks
// Debian, which leaves a core idle.
func (e *Engine) ingredients(ctx context.Context) (tools, system string, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		tools, err = e.tools(ctx)
		return err
	})
	group.Go(func() (err error) {
		system, err = e.systemLayer(ctx)
		return err
	})
	err = group.Wait()
	return tools, system, err
}

// Down stops them. The engine's data stays: it is a cache, and makes the next
// start a warm one.
func (e *Engine) Down(ctx context.Context) error {
	if err := e.host.Stop(ctx, process, grace); err != nil {
		return err
	}
	if err := e.host.Stop(ctx, moduleProxy, grace); err != nil {
		return err
	}
	return errors.Join(e.disconnect(ctx), e.host.RemoveCgroup(ctx, cgroup), os.RemoveAll(e.runDir()))
}

// Status asks the engine for its version.
func (e *Engine) Status(ctx context.Context) (string, error) {
	if !e.host.Alive(process) && !e.host.Alive(moduleProxy) {
		return "", part.ErrDown
	}
	if !e.host.Alive(moduleProxy) {
		return "", errors.New("the module proxy is dead; run the lab's up")
	}
	if err := e.answers(ctx); err != nil {
		return "", fmt.Errorf("%w; run the lab's up", err)
	}
	return fmt.Sprintf("%s %s pid %d", version, e.Host(), e.host.PID(process)), nil
}
