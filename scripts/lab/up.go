package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/access"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/engine"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

func up(ctx context.Context, h *host.Host, args []string) error {
	var use access.Access
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.StringVar(&use.Engine, "engine", "", "")
	flags.StringVar(&use.Kubeconfig, "kubeconfig", "", "")
	if err := parse(flags, args); err != nil {
		return err
	}
	if err := decide(ctx, h, &use); err != nil {
		return err
	}
	if err := asRoot(); err != nil {
		return err
	}
	end, err := turn(ctx, h)
	if err != nil {
		return err
	}
	defer end()

	began := time.Now()
	if err := h.Hold(); err != nil {
		return err
	}
	if err := use.Save(h); err != nil {
		return err
	}
	for _, stage := range stages(h, use) {
		if err := upTogether(ctx, stage); err != nil {
			return err
		}
	}
	return tell(ctx, h, use, time.Since(began))
}

// decide completes and checks whose engine and cluster to use.
func decide(ctx context.Context, h *host.Host, use *access.Access) error {
	if use.Engine == "" {
		use.Engine = os.Getenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST")
	}
	if use.Engine == engine.New(h).Host() {
		use.Engine = ""
	}
	if use.Kubeconfig != "" {
		path, err := filepath.Abs(use.Kubeconfig)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading the kubeconfig: %w; name one that exists, or leave --kubeconfig out", err)
		}
		if len(text) == 0 {
			return fmt.Errorf("the kubeconfig %q is empty; name one with a cluster, or leave --kubeconfig out", path)
		}
		use.Kubeconfig = path
	}
	if use.Engine != "" {
		return engine.Check(ctx, use.Engine)
	}
	return nil
}

// upTogether brings the parts of a stage up side by side. One that fails does
// not stop the others, whose work would have to be done again.
func upTogether(ctx context.Context, parts []part.Part) error {
	errs := make([]error, len(parts))
	var group sync.WaitGroup
	for i, p := range parts {
		group.Go(func() {
			ctx := part.Named(ctx, p.Name())
			if err := p.Up(ctx); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.Name(), err)
				return
			}
			state, err := p.Status(ctx)
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.Name(), err)
				return
			}
			part.Info(ctx, "up: %s", state)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// tell says what to do with the lab, and writes it down for dagger.
func tell(ctx context.Context, h *host.Host, use access.Access, took time.Duration) error {
	ctx = part.Named(ctx, "lab")
	written, err := use.WriteDotEnv(h)
	if err != nil {
		return err
	}
	if !written {
		part.Info(ctx, "the repository has a .env of your own: it stays, so dagger call uses what it names")
	}
	part.Info(ctx, "up after %.1f s; to use it: eval \"$(make -s lab-env)\", then dagger call ...", took.Seconds())
	return nil
}
