package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// undo is the one way back from a step that failed. It looks at the cluster, not at what the run believes to have done,
// and gives the traffic back to what had it before.
func (r *run) undo(failed Step, cause error) error {
	held := r.lock.Context()
	if errors.Is(cause, cluster.ErrLockLost) || errors.Is(context.Cause(held), cluster.ErrLockLost) {
		return r.explain(failed, cause, "this run lost its lock and stopped where it was, changing nothing more",
			"the run that holds the lock now, or the same command again, finishes or undoes it")
	}
	if failed == StepSettle {
		return r.explain(failed, cause, fmt.Sprintf("release %q is live and was found good", r.record.Release.Version),
			"run the same command again to clean up")
	}
	ctx, cancel := context.WithTimeout(held, r.Options.UndoBudget)
	defer cancel()
	var back reversal
	err := r.phase(ctx, StepUndo, func(ctx context.Context) (err error) {
		if back, err = r.strategy.takeBack(ctx, r, fmt.Errorf("%s: %w", failed, cause)); err != nil {
			return err
		}
		return r.finish(ctx, back.outcome, fmt.Sprintf("%s: %v", failed, cause))
	})
	r.describe()
	if err != nil {
		return r.explain(failed, cause, fmt.Sprintf("taking it back did not succeed either: %v", err),
			"run the same command again, or dagger call rollback: either takes up what is left")
	}
	return r.explain(failed, cause, back.done, "mend the release and deploy it again")
}

// takeBack moves the traffic back if it moved, and takes the pods of the failed release away. A first release that
// fails after the switch stays: behind it there is nothing.
func (b blueGreen) takeBack(ctx context.Context, r *run, cause error) (reversal, error) {
	now, err := r.glance(ctx)
	if err != nil {
		return reversal{}, err
	}
	slot, previous := r.record.Slot, r.record.Previous
	switch {
	case now.movedTo(slot) == 0 && r.record.Step != StepUndo:
		return reversal{OutcomeFailed, fmt.Sprintf("%s was not touched; the failed pods were removed", r.environment.Name)}, r.park(ctx, slot)
	case r.record.Forced && r.record.Step != StepUndo && now.movedTo(slot) == len(r.Application.Services):
		return reversal{OutcomeFailed, fmt.Sprintf("the traffic stays with %s, since it was forced; the release before still runs in slot %s", r.record.Release.Version, previous)}, nil
	case !now.occupied(previous):
		// Services that were moved already serve; the others join them rather than these being cut off.
		return reversal{OutcomeFailed, "there is no release to go back to, so the traffic stays with it"}, r.move(ctx, slot)
	}
	r.record.Reason = cause.Error()
	if err := r.journal(ctx, StepUndo); err != nil {
		return reversal{}, err
	}
	if err := r.move(ctx, previous); err != nil {
		return reversal{}, err
	}
	before := r.target()
	before.Slot, before.Release = previous, now.releaseIn(previous)
	if _, err := r.proveDoor(ctx, before); err != nil {
		r.warn(ctx, "the traffic was moved back to slot %s, but the front door does not show it: %v", previous, err)
	}
	done := fmt.Sprintf("the traffic was switched back to %s in slot %s", before.Release.Version, previous)
	return reversal{OutcomeReverted, done}, r.park(ctx, slot)
}

// abandon keeps a switch that was made whole, since the slot was verified before it, and takes back anything less.
func (b blueGreen) abandon(ctx context.Context, r *run, cause error) error {
	if now, err := r.glance(ctx); err != nil || now.movedTo(r.record.Slot) == len(r.Application.Services) {
		return err
	}
	_, err := b.takeBack(ctx, r, cause)
	return err
}

// takeBack applies what the previous record says, over what the failed release left.
func (rolling) takeBack(ctx context.Context, r *run, cause error) (reversal, error) {
	previous := r.state.revision(r.record.Replaces)
	if previous == nil {
		return reversal{OutcomeFailed, "there is no release to go back to, so it was left as it is"}, nil
	}
	r.record.Reason = cause.Error()
	if err := r.journal(ctx, StepUndo); err != nil {
		return reversal{}, err
	}
	objects, err := decode(previous.Objects[""])
	if err != nil {
		return reversal{}, err
	}
	if err := r.applyRelease(ctx, objects); err != nil {
		return reversal{}, err
	}
	if err := r.waitReady(ctx, objects); err != nil {
		return reversal{}, err
	}
	return reversal{OutcomeReverted, fmt.Sprintf("%s was brought back to %s", r.environment.Name, previous.Release.Version)}, nil
}

// abandon leaves everything to the next run, which applies its own release over it.
func (rolling) abandon(context.Context, *run, error) error { return nil }
