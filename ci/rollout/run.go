package rollout

import (
	"cmp"
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
)

// run is one deploy or rollback on its way.
type run struct {
	*Deployer
	action      Action
	request     Request
	environment config.Environment
	strategy    strategy
	state       state
	plan        plan
	lock        Lock
	record      Record
	switched    switching
	// rehearsal and visitor are the smoke suite on its way, in the slot and at the front door; nil before they began.
	rehearsal, visitor *performance
	result             Result
	// done says that nothing is left to do.
	done bool
}

func (d *Deployer) newRun(request Request, action Action) *run {
	return &run{Deployer: d, action: action, request: request,
		result: Result{Environment: request.Environment, Action: action}}
}

// walk takes a run from its first look to its last write. All that comes before the lock only reads.
func (r *run) walk(ctx context.Context, decide func(context.Context) error) error {
	if err := r.phase(ctx, StepResolve, func(ctx context.Context) error { return r.resolve(ctx, decide) }); err != nil || r.done {
		return err
	}
	if err := r.phase(ctx, StepPreflight, r.preflight); err != nil {
		return err
	}
	if err := r.phase(ctx, StepLock, r.acquire); err != nil {
		return err
	}
	defer r.unlock()
	work, stop := r.underLock(ctx)
	defer stop()
	from, err := r.begin(work, decide)
	if err != nil {
		return r.explain(StepLock, err, "", "run the same command again")
	}
	defer r.endPerformances()
	for _, step := range r.stepsFrom(from) {
		if err := r.take(work, step); err != nil {
			r.endPerformances()
			return r.undo(step.name, err)
		}
	}
	return nil
}

// resolve finds out what is wanted, and what is there.
func (r *run) resolve(ctx context.Context, decide func(context.Context) error) (err error) {
	if r.environment, err = r.Application.Environment(r.request.Environment); err != nil {
		return err
	}
	r.result.Environment, r.result.URL, r.result.Onward = r.environment.Name, r.environment.URL, r.onward()
	if r.strategy, err = strategyOf(r.environment); err != nil {
		return err
	}
	if _, err = preflight.Ownership(ctx, r.Cluster, r.environment, r.Application.Name); err != nil {
		return err
	}
	if r.state, err = r.look(ctx); err == nil {
		err = decide(ctx)
	}
	if cluster.IsForbidden(err) {
		// One right that is lacking is seldom alone: the first refusal is told as all of them.
		return cmp.Or(preflight.Access(ctx, r.Cluster, r.environment), err)
	}
	if err != nil {
		return err
	}
	return r.checkLive(ctx)
}

// onward is the environment that a release goes to after this one; empty after the last.
func (r *run) onward() string {
	behind := len(r.Application.Route(r.environment))
	if behind == len(r.Application.Environments) {
		return ""
	}
	return r.Application.Environments[behind].Name
}

// look reads the state anew.
func (r *run) look(ctx context.Context) (state, error) {
	return readState(ctx, r.Cluster, r.Application, r.environment)
}

// glance reads anew where the traffic goes and what is in the slots; the records are those of the last look.
func (r *run) glance(ctx context.Context) (state, error) {
	now := r.state
	err := now.readPlaces(ctx, r.Cluster, r.Application)
	return now, err
}

// preflight refuses what would not work. A rollback does not ask the registry: in an outage of the registry the nodes
// may still have the images, and the wait tells if they do not.
func (r *run) preflight(ctx context.Context) error {
	var images preflight.Images
	if r.action == ActionDeploy {
		images = r.Images
	}
	report := preflight.Run(ctx, r.Cluster, images, r.preflightInput())
	for _, check := range report.Checks {
		r.Progress.Info(ctx, "%s: %s", check.Name, check.Detail)
	}
	return report.Err()
}

func (r *run) preflightInput() preflight.Input {
	slot, _ := r.strategy.place(r.state)
	objects := r.plan.slots[slot]
	added := map[string]int{}
	for _, object := range objects {
		if object.GetKind() == "Deployment" {
			added[object.GetName()] = r.strategy.added(r.wantedReplicas(objects, object), r.state, object)
		}
	}
	all := append(append(append([]*cluster.Object{}, r.plan.platform...), r.plan.data...), objects...)
	return preflight.Input{Application: r.Application.Name, Environment: r.environment, Release: r.plan.release,
		Platforms: r.Options.Platforms, Objects: all, Replicas: added}
}

// phase does one thing under its name, which people see, and notes how long it took.
func (r *run) phase(ctx context.Context, name Step, do func(context.Context) error) error {
	began := r.Clock.Now()
	ctx, end := r.Progress.Phase(ctx, string(name))
	err := do(ctx)
	end(err)
	r.result.Phases = append(r.result.Phases, Phase{Name: name, Duration: r.Clock.Now().Sub(began), Failed: err != nil})
	return err
}

// explain makes the Error of a run that stopped.
func (r *run) explain(step Step, cause error, done, next string) error {
	r.result.Reason = fmt.Sprintf("%s: %v", step, cause)
	return &Error{Step: step, Outcome: r.result.Outcome, Cause: cause, Done: done, Next: next}
}
