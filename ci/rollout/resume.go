package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/render"
)

// begin looks again, now that nobody else writes, deals with what a killed run left, and says at which step this run
// starts; an empty step when there is nothing left to do.
func (r *run) begin(ctx context.Context, decide func(context.Context) error) (from Step, err error) {
	if r.state, err = r.look(ctx); err != nil {
		return "", err
	}
	if err = decide(ctx); err != nil {
		return "", err
	}
	if err = r.checkLive(ctx); err != nil || r.done {
		return "", err
	}
	r.result.Changed = true
	if err = r.stamp(ctx); err != nil {
		return "", err
	}
	left := r.state.unfinished()
	if left == nil {
		return r.start()
	}
	err = r.phase(ctx, StepResume, func(ctx context.Context) (err error) {
		from, err = r.takeUp(ctx, *left)
		return err
	})
	return from, err
}

// takeUp goes on with a run that was killed: its lock is ours now, so it is dead.
func (r *run) takeUp(ctx context.Context, left Record) (Step, error) {
	r.record = left
	r.result.Resumed = fmt.Sprintf("revision %d (%s of %s by %s) was interrupted at step %q", left.Revision, left.Action, left.Release.Version, left.Holder, left.Step)
	r.Progress.Info(ctx, "%s", r.result.Resumed)
	same := left.Action == r.action && sameRelease(left, Record{Release: r.plan.release}) && left.Restores == r.plan.restores
	switch {
	case left.Step == StepUndo:
		return r.closeAndStart(ctx, r.finishUndo)
	case left.Step == StepSettle && same:
		r.describe()
		return StepSettle, nil
	case left.Step == StepSettle:
		return r.closeAndStart(ctx, r.settle)
	case same:
		return r.goOn(left), nil
	}
	return r.closeAndStart(ctx, r.interrupt)
}

// goOn continues a killed run with the same aim under its own revision.
func (r *run) goOn(left Record) Step {
	from := r.strategy.resume(r.state, left)
	r.record.Holder, r.record.Command = r.request.Holder, r.request.Command
	if from == StepApply {
		r.record.Objects, r.record.Manifests, r.record.Shared = r.plan.recorded, r.plan.manifests, r.plan.shared
	}
	r.describe()
	return from
}

// closeAndStart brings the killed run to an end by close, and starts this one unless that was all that it wanted.
func (r *run) closeAndStart(ctx context.Context, end func(context.Context) error) (_ Step, err error) {
	if err = end(ctx); err != nil {
		return "", err
	}
	if r.state, err = r.look(ctx); err != nil {
		return "", err
	}
	if err = r.checkLive(ctx); err != nil || r.done {
		return "", err
	}
	return r.start()
}

// finishUndo completes the taking back of a run that was killed meanwhile.
func (r *run) finishUndo(ctx context.Context) error {
	back, err := r.strategy.takeBack(ctx, r, errors.New(r.record.Reason))
	if err != nil {
		return err
	}
	return r.finish(ctx, back.outcome, r.record.Reason)
}

// interrupt closes a killed run of other aims.
func (r *run) interrupt(ctx context.Context) error {
	reason := fmt.Sprintf("interrupted at step %q; closed by %s", r.record.Step, r.request.Command)
	if err := r.strategy.abandon(ctx, r, errors.New(reason)); err != nil {
		return err
	}
	return r.finish(ctx, OutcomeInterrupted, reason)
}

// start makes the record of a new run. It is saved by the first step.
func (r *run) start() (Step, error) {
	live, err := r.state.liveSlot()
	if err != nil {
		return "", fmt.Errorf("%w, and no record tells why; let them select one slot, such as: kubectl patch service -n %s NAME -p '{\"spec\":{\"selector\":{\"%s\":\"SLOT\"}}}'",
			err, r.environment.Namespace, render.SlotLabel)
	}
	slot, previous := r.strategy.place(r.state)
	r.record = Record{
		Revision: 1, Environment: r.environment.Name, Action: r.action, Release: r.plan.release, Slot: slot, Previous: previous,
		Restores: r.plan.restores, Forced: r.request.Force, Holder: r.request.Holder, Command: r.request.Command, Started: r.Clock.Now().UTC(),
		Outcome: OutcomeRunning, Manifests: r.plan.manifests, Shared: r.plan.shared, Objects: r.plan.recorded,
	}
	if len(r.state.records) > 0 {
		r.record.Revision = r.state.records[0].Revision + 1
	}
	if replaced := r.state.recordOf(live); replaced != nil {
		r.record.Replaces = replaced.Revision
	}
	r.result.Before = r.state.version(live)
	r.describe()
	return StepApply, nil
}

// describe copies into the result what the record says of the run.
func (r *run) describe() {
	r.result.Revision, r.result.Slot = r.record.Revision, r.record.Slot
	r.result.Outcome, r.result.Reason = r.record.Outcome, r.record.Reason
}
