package rollout

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/record"
)

// step is one of the things that a run does under the lock. Each may be done again after a kill in the middle of it.
type step struct {
	name record.Step
	do   func(ctx context.Context) error
}

// steps does the run's steps from one of them on. What fails in any of them ends in the one way back.
func (r *run) steps(ctx context.Context, from record.Step) error {
	suite := &suite{run: r}
	defer suite.stop()
	all := r.ordered(suite)
	first := slices.IndexFunc(all, func(s step) bool { return s.name == from })
	for _, step := range all[first:] {
		err := r.phase(ctx, step.name, func(ctx context.Context) error {
			if err := r.journal(ctx, step.name); err != nil {
				return err
			}
			return step.do(ctx)
		})
		if err != nil {
			suite.stop()
			return r.undo(step.name, err)
		}
	}
	return nil
}

// ordered are the steps of a run. The smoke suite begins before its result is needed, which costs a deploy no time then:
// inside the cluster while pods start, at the front door before the traffic moves.
//
// A forced rollback takes the traffic as soon as its slot has as many ready pods as the live one, which the switch sees to,
// and is waited for and verified after.
func (r *run) ordered(suite *suite) []step {
	apply := step{record.StepApply, r.apply}
	wait := step{record.StepWait, func(ctx context.Context) error {
		suite.startInSlot(ctx)
		return r.wait(ctx)
	}}
	verify := step{record.StepVerify, func(ctx context.Context) error {
		if !r.record.Forced {
			suite.startAtFrontDoor(ctx)
		}
		return r.verify(ctx, suite)
	}}
	switchOver := step{record.StepSwitch, r.switchOver}
	prove := step{record.StepProve, func(ctx context.Context) error { return r.prove(ctx, suite) }}
	rest := []step{{record.StepWatch, r.watch}, {record.StepNarrow, r.narrow}, {record.StepSettle, r.settle}}
	if r.record.Forced {
		return append([]step{apply, switchOver, prove, wait, verify}, rest...)
	}
	return append([]step{apply, wait, verify, switchOver, prove}, rest...)
}

// journal notes the step that is about to be taken, so that a run that takes over knows how far this one came.
func (r *run) journal(ctx context.Context, next record.Step) error {
	r.record.Step = next
	return r.save(ctx)
}
