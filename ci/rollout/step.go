package rollout

import (
	"context"
	"slices"
)

// Step names what a run does; the names are those of the phases that people see, and of the journal.
type Step string

const (
	StepResolve   Step = "resolve"
	StepPreflight Step = "preflight"
	StepLock      Step = "lock"
	StepResume    Step = "resume"
	StepApply     Step = "apply"
	StepWait      Step = "wait"
	StepVerify    Step = "verify"
	StepSwitch    Step = "switch"
	StepProve     Step = "prove"
	StepWatch     Step = "watch"
	StepSettle    Step = "settle"
	// StepUndo takes back what the steps before did; it is in the journal while that is under way.
	StepUndo Step = "undo"
)

// step is one of the things that a run does under the lock. Each may be done again after a kill in the middle of it.
type step struct {
	name Step
	do   func(*run, context.Context) error
}

var (
	apply      = step{StepApply, (*run).apply}
	wait       = step{StepWait, (*run).wait}
	verify     = step{StepVerify, (*run).verify}
	switchOver = step{StepSwitch, (*run).switchOver}
	prove      = step{StepProve, (*run).prove}
	observe    = step{StepWatch, (*run).observe}
	settle     = step{StepSettle, (*run).settle}
)

func (r *run) stepsFrom(first Step) []step {
	steps := r.strategy.steps(r.request.Force)
	at := slices.IndexFunc(steps, func(s step) bool { return s.name == first })
	if at < 0 {
		return nil
	}
	return steps[at:]
}

// take does a step after it wrote it into the journal.
func (r *run) take(ctx context.Context, s step) error {
	return r.phase(ctx, s.name, func(ctx context.Context) error {
		if err := r.journal(ctx, s.name); err != nil {
			return err
		}
		return s.do(r, ctx)
	})
}
