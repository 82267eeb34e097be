package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// run is one deploy or rollback on its way. It owns one record and one plan.
type run struct {
	*Deployer
	request     Request
	environment config.Environment
	plan        plan
	// found is what the cluster showed when the run was last decided upon.
	found    facts
	held     *lock.Held
	record   record.Record
	switched switching
	result   Result
}

// run takes a deploy or rollback from its first look to its last write. All that comes before the lock only reads.
func (d *Deployer) run(ctx context.Context, request Request, make planner) (Result, error) {
	r := &run{Deployer: d, request: request, result: Result{Environment: request.Environment}}
	nothing := false
	err := r.phase(ctx, record.StepResolve, func(ctx context.Context) (err error) {
		nothing, err = r.resolve(ctx, make)
		return err
	})
	if err != nil || nothing {
		return r.result, err
	}
	if err := r.phase(ctx, record.StepPreflight, r.preflight); err != nil {
		return r.result, err
	}
	if err := r.phase(ctx, record.StepLock, r.acquire); err != nil {
		return r.result, err
	}
	defer r.release()
	work, stop := r.underLock(ctx)
	defer stop()
	if err := r.carryOut(work, make); err != nil {
		return r.result, err
	}
	r.result.Changes = r.held.Changes()
	return r.result, nil
}

// resolve finds out what is wanted and what is there, and whether the one is the other.
func (r *run) resolve(ctx context.Context, make planner) (nothing bool, err error) {
	if r.environment, err = r.Application.Environment(r.request.Environment); err != nil {
		return false, err
	}
	r.result.Environment, r.result.URL, r.result.Onward = r.environment.Name, r.environment.URL, r.onward()
	if err := checkStrategy(r.environment); err != nil {
		return false, err
	}
	if _, err = access.Ownership(ctx, r.Cluster, r.environment, r.Application.Name); err != nil {
		return false, err
	}
	if err = r.look(ctx, make); err == nil {
		nothing, err = r.unchanged(ctx)
	}
	if cluster.IsForbidden(err) {
		// One right that is lacking is seldom alone: the first refusal is told as all of them.
		return false, cmp.Or(access.Check(ctx, r.Cluster, r.environment), err)
	}
	return nothing, err
}

// checkStrategy refuses an environment that cannot be deployed to.
func checkStrategy(environment config.Environment) error {
	switch {
	case environment.Strategy == config.RollingUpdate && len(environment.Slots) == 0:
		return nil
	case environment.Strategy == config.BlueGreen && len(environment.Slots) == 2:
		return nil
	}
	return fmt.Errorf("environment %q: strategy %q with %d slots cannot be deployed; it is rolling without slots, or blue-green with two",
		environment.Name, environment.Strategy, len(environment.Slots))
}

// look reads the cluster, and makes the plan from what it shows.
func (r *run) look(ctx context.Context, make planner) (err error) {
	if r.found, err = readFacts(ctx, r.Cluster, r.Application, r.environment); err != nil {
		return err
	}
	for _, damaged := range r.found.history.Damaged {
		if damaged.Newer {
			return fmt.Errorf("reading record %d of %s: %w; use that pipeline's version here", damaged.Revision, r.environment.Name, damaged.Err)
		}
		r.warn(ctx, "record %d cannot be read and is left out: %v", damaged.Revision, damaged.Err)
	}
	// What a deploy renders depends on the release alone, but for the images that its stores run already.
	if r.plan.manifests == "" || r.plan.action == record.Rollback {
		if r.plan, err = make(ctx, r.request, r.found); err != nil {
			return err
		}
	}
	r.result.Action, r.result.Release = r.plan.action, r.plan.release.Version
	r.result.Before = r.found.version(r.found.live())
	return nil
}

// onward is the environment that a release goes to after this one; empty after the last.
func (r *run) onward() string {
	behind := len(r.Application.Route(r.environment))
	if behind == len(r.Application.Environments) {
		return ""
	}
	return r.Application.Environments[behind].Name
}

// preflight refuses what would not work. A forced rollback is for an emergency: only the rights and the namespace can keep it
// from being tried, and everything else is a warning.
func (r *run) preflight(ctx context.Context) error {
	report := r.check(ctx)
	for _, check := range report.Checks {
		r.Progress.Info(ctx, "%s: %s", check.Name, check.Detail)
	}
	for _, warning := range report.Warnings() {
		r.warn(ctx, "%s", warning)
	}
	if r.request.Force {
		report.Checks = slices.DeleteFunc(report.Checks, func(finding preflight.Finding) bool {
			passes := !finding.OK && finding.Name != "access" && finding.Name != "namespace"
			if passes {
				r.warn(ctx, "%s: %s", finding.Name, finding.Detail)
			}
			return passes
		})
	}
	return report.Err()
}

// phase does one thing under its name, which people see, and notes how long it took.
func (r *run) phase(ctx context.Context, name record.Step, do func(context.Context) error) error {
	began := time.Now()
	ctx, end := r.Progress.Phase(ctx, string(name))
	err := do(ctx)
	end(err)
	r.result.Phases = append(r.result.Phases, record.Phase{Name: name, Duration: time.Since(began), Failed: err != nil})
	return err
}

func (r *run) warn(ctx context.Context, format string, arguments ...any) {
	warning := fmt.Sprintf(format, arguments...)
	for _, known := range r.result.Warnings {
		if known == warning {
			return
		}
	}
	r.Progress.Info(ctx, "warning: %s", warning)
	r.result.Warnings = append(r.result.Warnings, warning)
}

// explain makes the Error of a run that stopped.
func (r *run) explain(step record.Step, cause error, done, next string) error {
	r.result.Reason = fmt.Sprintf("%s: %v", step, cause)
	return &Error{Step: step, Outcome: r.result.Outcome, Cause: cause, Done: done, Next: next}
}

// isLost says whether another run has taken over: then nothing may be written any more.
func (r *run) isLost(cause error) bool {
	return errors.Is(cause, lock.ErrLost) || errors.Is(context.Cause(r.held.Context()), lock.ErrLost)
}
