// Lab runs a Dagger engine, a Kubernetes node and a container registry on this
// machine, for the pipeline's tests and for newcomers:
//
//	lab up      bring everything up, or repair what is broken
//	lab down    take everything down; what was built stays in the cache
//	lab status  what runs, and where
//	lab env     the variables that make a shell use the lab
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

const usage = `The lab: a Dagger engine, a Kubernetes node and a container registry on this machine.

  lab up [--engine URL] [--kubeconfig FILE]   bring it up, or repair what is broken
  lab down                                    take it down; what was built stays cached
  lab status                                  show what runs, and where
  lab env                                     print the variables that make a shell use it: eval "$(lab env)"

  --engine URL        use this Dagger engine (unix:// or tcp://) instead of starting one; the default is
                      $_EXPERIMENTAL_DAGGER_RUNNER_HOST, where that is set
  --kubeconfig FILE   use this cluster instead of starting one

Files are below $TEAM_DASHBOARD_LAB_DIR (default: team-dashboard-lab in your cache folder).
`

// errUsage is about how the lab was called.
var errUsage = errors.New(`run "lab help" for the commands`)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command: %w", errUsage)
	}
	command, args := args[0], args[1:]
	if serve, ok := servers[command]; ok {
		return serve(ctx, args)
	}
	if command == "help" || command == "-h" || command == "--help" {
		_, err := io.WriteString(stdout, usage)
		return err
	}
	h, err := host.Open()
	if err != nil {
		return err
	}
	switch command {
	case "up":
		return up(ctx, h, args)
	case "down":
		return without(args, func() error { return down(ctx, h) })
	case "status":
		return without(args, func() error { return status(ctx, h, stdout) })
	case "env":
		return without(args, func() error { return env(h, stdout) })
	}
	return fmt.Errorf("unknown command %q: %w", command, errUsage)
}

// without refuses arguments that would mean nothing.
func without(args []string, do func() error) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q: %w", args[0], errUsage)
	}
	return do()
}

// parse reads flags alone.
func parse(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard) // the error says it
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", err, errUsage)
	}
	return without(flags.Args(), func() error { return nil })
}

// asRoot refuses to go on without the rights that it takes to make network
// devices, mounts and control groups.
func asRoot() error {
	if os.Geteuid() != 0 {
		return errors.New("this needs root: run it in a root shell, or by sudo --preserve-env")
	}
	return nil
}
