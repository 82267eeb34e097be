package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/codingbutter/team-dashboard/ci/record"
)

// carryOut does the work under the lock: it looks again, now that nobody else writes, brings to an end what killed runs
// left, and does this run's own steps, or takes them back.
func (r *run) carryOut(ctx context.Context, make planner) error {
	for {
		if err := r.look(ctx, make); err != nil {
			return r.explain(record.StepLock, err, "", "run the same command again")
		}
		situation, err := r.situation(ctx)
		if err != nil {
			return r.explain(record.StepLock, err, "", "run the same command again")
		}
		decided, at := decide(situation)
		switch decided {
		case decideNothing:
			// What a killed run had left may have been taken back on the way here.
			r.describeLive()
			r.result.Changed = len(r.held.Changes()) > 0
			return nil
		case decideStart:
			r.start()
			return r.steps(ctx, record.StepApply)
		case decideResume:
			r.resume(ctx, at)
			return r.steps(ctx, at)
		}
		if r.plan.action == record.Rollback {
			// What "the previous revision" means was asked before the killed run was brought to its end.
			r.request.To = strconv.Itoa(r.plan.found)
		}
		if err := r.phase(ctx, record.StepResume, func(ctx context.Context) error { return r.end(ctx, decided) }); err != nil {
			return r.explain(record.StepResume, err, "", "run the same command again")
		}
	}
}

// situation is what the decision rests on, as the cluster was last seen.
func (r *run) situation(ctx context.Context) (situation, error) {
	f := r.found
	s := situation{Asked: r.plan.aim(), Force: r.request.Force}
	if left := f.history.Unfinished(); left != nil {
		s.Left = &unfinished{Step: left.Step, Forced: left.Forced, Slotted: left.Slot != "", Traffic: f.traffic(left.Slot),
			Aim: aim{Action: left.Action, Revision: left.Digest(), Restores: left.Restores}}
		return s, nil
	}
	if slot, ok := f.whole(); ok {
		if live := f.recordOf(slot); live != nil && live.Outcome == record.Succeeded {
			s.Live = live.Digest()
		}
	}
	clean, err := r.clean(ctx)
	s.Clean = clean
	return s, err
}

// start makes the record of a new run. It is saved by the first step.
func (r *run) start() {
	f := r.found
	slot, previous := "", ""
	if f.slotted() {
		previous = f.live()
		slot = f.other(previous)
	}
	r.record = record.Record{
		Revision: f.history.Latest() + 1, Environment: r.environment.Name, Action: r.plan.action, Release: r.plan.release,
		Slot: slot, Previous: previous, Restores: r.plan.restores, Forced: r.request.Force,
		Holder: r.request.Holder, Command: r.request.Command, Started: time.Now().UTC(),
		Outcome: record.Running, Manifests: r.plan.manifests, Objects: r.plan.packed,
	}
	if replaced := f.replaced(); replaced != nil {
		r.record.Replaces = replaced.Revision
	}
	r.result.Changed = true
	r.describe()
}

// resume goes on with a killed run of the same aim, under its own revision. It was forced if this one is, as long as its
// traffic did not move: from then on its own order of steps counts, in which a forced one is still to be verified.
func (r *run) resume(ctx context.Context, at record.Step) {
	left := r.found.history.Unfinished()
	r.note(ctx, *left)
	r.record = *left
	r.record.Holder, r.record.Command = r.request.Holder, r.request.Command
	if at == record.StepApply {
		r.record.Forced = r.request.Force
	}
	r.result.Changed = true
	r.describe()
}

// end brings a killed run to an end, by its own plan.
func (r *run) end(ctx context.Context, how decision) error {
	left := *r.found.history.Unfinished()
	r.note(ctx, left)
	dead := &run{Deployer: r.Deployer, request: r.request, environment: r.environment, found: r.found, held: r.held, record: left}
	interrupted := fmt.Sprintf("interrupted at step %q; closed by %s", left.Step, r.request.Command)
	var err error
	if how != decideClose {
		if dead.plan, err = planOf(left); err != nil {
			how = decideClose // a record without its objects cannot be finished; the next run applies its own over what is left
		}
	}
	switch how {
	case decideUndo:
		back, err := dead.takeBack(ctx, errors.New(cmp.Or(left.Reason, interrupted)))
		if err != nil {
			return err
		}
		if left.Step == record.StepUndo {
			err = dead.finish(ctx, back.outcome, left.Reason)
		} else {
			err = dead.finish(ctx, record.Interrupted, interrupted)
		}
		r.result.Warnings = append(r.result.Warnings, dead.result.Warnings...)
		return err
	case decideSettle:
		err := dead.settle(ctx)
		r.result.Warnings = append(r.result.Warnings, dead.result.Warnings...)
		return err
	}
	return dead.finish(ctx, record.Interrupted, interrupted)
}

// note tells of a killed run that is taken up.
func (r *run) note(ctx context.Context, left record.Record) {
	r.result.Resumed = fmt.Sprintf("revision %d (%s of %s by %s) was interrupted at step %q", left.Revision, left.Action, left.Release.Version, left.Holder, left.Step)
	r.Progress.Info(ctx, "%s", r.result.Resumed)
}

// describe copies into the result what the record says of the run.
func (r *run) describe() {
	r.result.Revision, r.result.Slot = r.record.Revision, r.record.Slot
	r.result.Outcome, r.result.Reason = r.record.Outcome, r.record.Reason
}
