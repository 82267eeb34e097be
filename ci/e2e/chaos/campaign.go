package chaos

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

// Release is one that was published.
type Release struct {
	Version string
	// File is the release file that publish returned.
	File string
}

// Config says what is tried, where.
type Config struct {
	Seed   uint64
	Rounds []Round

	// Module is the folder of the Dagger module: this repository's, or another checkout of it, to see whether a fault in
	// it is found. Flags are what every call of it is given besides the kubeconfig.
	Module string
	Flags  []string

	// Lab is the lab's folder; Kubeconfig is an administrator's, Deployer that of the rights that the pipeline has; AuditLog
	// tells what those were used for.
	Lab, Kubeconfig, Deployer, AuditLog string

	Environment, Namespace string
	Services               []string
	// Stores are the Services that the application's ones depend on.
	Stores []string
	// Hits are the Services that a request for each path depends on, the answering one first.
	Hits map[string][]string
	// Watch is how long runs watch a release.
	Watch string

	// Releases are at least three good ones; Broken passes every check before it takes the traffic, and none after.
	Releases []Release
	Broken   Release

	// Load is what users do meanwhile.
	Load ledger.Load
	// Reset makes the environment anew, with two of the releases, when it did not converge.
	Reset func(context.Context) error
	// Out is a folder for what commands printed; Log is where the progress goes.
	Out string
	Log io.Writer
}

// campaign is what all rounds share.
type campaign struct {
	Config
	api, deployer *access
	authority     *apiproxy.Authority
	audit         *audit.Log
	load          *ledger.Ledger
	observer      *observer
	secrets       string

	// written are the accepted writes by user agent; turn is the release that was deployed last; seen is how many writes
	// each step of a run has had.
	written map[string][]audit.Entry
	turn    int
	seen    map[Step]int
	carried []Cell

	restoring sync.Mutex
	restore   []func()
}

// Run lets the rounds happen. It returns early with what there is when the context ends; everything that was stopped is
// woken then, and every command that runs is ended.
func Run(ctx context.Context, config Config) (Report, error) {
	c := &campaign{Config: config, written: map[string][]audit.Entry{}, seen: map[Step]int{}}
	defer c.putEverythingBack()
	if err := c.open(); err != nil {
		return Report{}, err
	}
	defer os.RemoveAll(c.secrets)
	defer c.audit.Close()

	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	var watching sync.WaitGroup
	watching.Go(func() { c.observer.run(beside) })
	defer watching.Wait()
	defer stop()
	c.load = ledger.Start(beside, c.Load)
	defer c.load.Stop()

	if err := c.prepare(ctx); err != nil {
		return Report{}, err
	}
	report := Report{Seed: c.Seed, Began: time.Now()}
	for _, plan := range c.Rounds {
		if ctx.Err() != nil {
			break
		}
		plan = c.withCarried(plan)
		c.say("round %d: %s, then %s", plan.Number, plan.what(), plan.Then)
		done := c.round(ctx, plan)
		if ctx.Err() != nil {
			break // what was cut short says nothing
		}
		c.carried = append(c.carried, done.NotFired...)
		report.Rounds = append(report.Rounds, done)
		c.say("%s", done.line())
		if !done.Converged {
			if err := c.reset(ctx); err != nil {
				return report.sum(), err
			}
		}
	}
	return report.sum(), ctx.Err()
}

func (c *campaign) open() (err error) {
	if c.api, err = openAccess(c.Kubeconfig); err != nil {
		return err
	}
	if c.deployer, err = openAccess(c.Deployer); err != nil {
		return err
	}
	if c.authority, err = apiproxy.NewAuthority(); err != nil {
		return err
	}
	if c.audit, err = audit.Open(c.AuditLog); err != nil {
		return fmt.Errorf("looking for the audit log: %w", err)
	}
	if c.secrets, err = os.MkdirTemp("", "chaos"); err != nil {
		return err
	}
	c.observer = newObserver(c.api, c.Namespace, append(slices.Clone(c.Services), c.Stores...))
	return os.MkdirAll(c.Out, 0o755)
}

// prepare makes the environment anew unless it is one to begin with: as it should be, with a release to go back to.
func (c *campaign) prepare(ctx context.Context) error {
	now, err := look(ctx, c.api, c.Namespace, c.Services)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, record := range now.Records {
		known[record.Release.Version] = known[record.Release.Version] || record.Outcome == "succeeded"
	}
	of := slices.DeleteFunc(slices.Clone(c.Releases), func(r Release) bool { return !known[r.Version] })
	if len(of) >= 2 && len(now.unsettled(c.Services)) == 0 {
		return nil
	}
	return c.reset(ctx)
}

// reset makes the environment anew, since what a round left is no start for the next. What users see of it is nobody's
// fault.
func (c *campaign) reset(ctx context.Context) error {
	c.say("  the environment is made anew")
	if err := c.Reset(ctx); err != nil {
		return fmt.Errorf("making the environment anew: %w", err)
	}
	return nil
}

// withCarried adds to a round what could not happen in an earlier one, as far as it fits.
func (c *campaign) withCarried(plan Round) Round {
	plan.Shots = slices.Clone(plan.Shots)
	c.carried = slices.DeleteFunc(c.carried, func(cell Cell) bool {
		if len(plan.Shots) >= mostShots || !plan.takes(cell) {
			return false
		}
		plan.add(cell, drawFor(c.Seed, plan.Number))
		return true
	})
	return plan
}

func (c *campaign) say(format string, arguments ...any) {
	fmt.Fprintf(c.Log, "%s "+format+"\n", append([]any{time.Now().Format(time.TimeOnly)}, arguments...)...)
}

// putBack keeps what has to be done if the campaign ends in the midst of something.
func (c *campaign) putBack(restore func()) {
	c.restoring.Lock()
	defer c.restoring.Unlock()
	c.restore = append(c.restore, restore)
}

// track ends a command, and its proxy, when the campaign ends before it.
func (c *campaign) track(cmd *command) {
	c.putBack(func() {
		cmd.kill()
		<-cmd.done
		_ = cmd.proxy.Close()
	})
}

// putEverythingBack wakes what stands still, and ends what runs.
func (c *campaign) putEverythingBack() {
	c.restoring.Lock()
	restore := c.restore
	c.restore = nil
	c.restoring.Unlock()
	for _, restore := range slices.Backward(restore) {
		restore()
	}
}
