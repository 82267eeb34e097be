package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// reversal is what became of a run that was taken back.
type reversal struct {
	outcome record.Outcome
	// done says it in a sentence.
	done string
}

// undo is the one way back from a step that failed. It looks at the cluster, not at what the run believes to have done,
// and gives the traffic back to what had it before, together with what that revision lives on.
func (r *run) undo(failed record.Step, cause error) error {
	if r.isLost(cause) {
		return r.explain(failed, cause, "this run lost its lock and stopped where it was, changing nothing more",
			"the run that holds the lock now, or the same command again, finishes or undoes it")
	}
	if failed == record.StepSettle {
		return r.explain(failed, cause, fmt.Sprintf("release %q is live and was found good", r.record.Release.Version),
			"run the same command again to clean up")
	}
	reason := fmt.Errorf("%s: %w", failed, cause)
	var back reversal
	// The caller may have given up; what was done is taken back all the same, as long as the lock is held.
	err := r.phase(r.held.Context(), record.StepUndo, func(ctx context.Context) (err error) {
		if back, err = r.takeBack(ctx, reason); err != nil {
			return err
		}
		return r.finish(ctx, back.outcome, reason.Error())
	})
	r.describe()
	r.result.Changes = r.held.Changes()
	if err != nil {
		return r.explain(failed, cause, fmt.Sprintf("undoing it failed, too: %v", err),
			"run the same command again, or dagger call rollback: either takes up what is left")
	}
	return r.explain(failed, cause, back.done+r.stayed(), "fix the cause and deploy again")
}

// takeBack gives the traffic back. An error means that the run is not at an end yet; a revision that cannot be gone back to
// is none: then the traffic stays where it is served, and the reversal says why.
func (r *run) takeBack(ctx context.Context, cause error) (reversal, error) {
	now, err := r.found.again(ctx, r.Cluster)
	if err != nil {
		return reversal{}, err
	}
	if !now.slotted() {
		return r.bringBack(ctx, cause)
	}
	slot, previous := r.record.Slot, r.record.Previous
	switch moved := now.traffic(slot); {
	case moved == trafficElsewhere && r.record.Step != record.StepUndo:
		if err := r.restoreShared(ctx); err != nil {
			return reversal{}, err
		}
		return reversal{record.Failed, fmt.Sprintf("no traffic of %s had moved; the failed pods were removed", r.environment.Name)}, r.park(ctx, slot)
	case r.record.Forced && r.record.Step != record.StepUndo && moved == trafficHere:
		return reversal{record.Failed, fmt.Sprintf("the traffic stays with %s, since it was forced; the previous release still runs in slot %s", r.record.Release.Version, previous)}, nil
	case !now.occupied(previous):
		// Services that were moved already serve; the others join them rather than these being cut off.
		return reversal{record.Failed, "there is no release to go back to, so the traffic stays with it"}, r.move(ctx, slot, r.plan.layers.Platform)
	}
	r.record.Reason = cause.Error()
	if err := r.journal(ctx, record.StepUndo); err != nil {
		return reversal{}, err
	}
	return r.switchBack(ctx, now)
}

// switchBack moves the traffic to the previous slot, as soon as that has the pods for it.
func (r *run) switchBack(ctx context.Context, now facts) (reversal, error) {
	slot, previous := r.record.Slot, r.record.Previous
	before := r.replacedPlan(ctx)
	if err := r.makeReady(ctx, previous, before.layers.Slots[previous]); err != nil {
		if passing(ctx, err) {
			return reversal{}, err
		}
		if err := r.move(ctx, slot, r.plan.layers.Platform); err != nil {
			return reversal{}, err
		}
		return reversal{record.Failed, fmt.Sprintf("the traffic stays in slot %s, since slot %s cannot take it: %v", slot, previous, err)}, nil
	}
	if err := r.restoreShared(ctx); err != nil {
		return reversal{}, err
	}
	if err := r.move(ctx, previous, before.layers.Platform); err != nil {
		return reversal{}, err
	}
	target := r.target()
	target.Slot, target.Release = previous, now.releaseIn(previous)
	if _, err := r.proveDoor(ctx, target); err != nil {
		r.warn(ctx, "the traffic was moved back to slot %s, but the front door does not show it: %v", previous, err)
	}
	done := fmt.Sprintf("the traffic was switched back to %s in slot %s", target.Release.Version, previous)
	return reversal{record.Reverted, done}, r.park(ctx, slot)
}

// bringBack applies the last revision that was found good over what the failed one left, in an environment without slots.
func (r *run) bringBack(ctx context.Context, cause error) (reversal, error) {
	if r.found.history.Revision(r.record.Replaces) == nil {
		return reversal{record.Failed, "there is no release to go back to, so it was left as it is"}, nil
	}
	before := r.replacedPlan(ctx)
	r.record.Reason = cause.Error()
	if err := r.journal(ctx, record.StepUndo); err != nil {
		return reversal{}, err
	}
	if err := r.restoreShared(ctx); err != nil {
		return reversal{}, err
	}
	returning := &run{Deployer: r.Deployer, request: r.request, environment: r.environment, plan: before, found: r.found, held: r.held, record: r.record}
	if err := returning.applyRelease(ctx, before.own("")); err != nil {
		return reversal{}, err
	}
	if err := r.move(ctx, "", before.layers.Platform); err != nil {
		return reversal{}, err
	}
	if err := r.waitReady(ctx, deploymentsIn(before.own(""))); err != nil {
		if passing(ctx, err) {
			return reversal{}, err
		}
		return reversal{record.Failed, fmt.Sprintf("%s was given back to %s, which does not become ready either: %v", r.environment.Name, before.release.Version, err)}, nil
	}
	return reversal{record.Reverted, fmt.Sprintf("%s was brought back to %s", r.environment.Name, before.release.Version)}, nil
}

// passing says whether an error tells of this run, and not of the revision that was waited for.
func passing(ctx context.Context, err error) bool {
	return ctx.Err() != nil || cluster.IsTransient(err)
}

// replacedPlan is the revision that this run replaced; empty when its record is lost.
func (r *run) replacedPlan(ctx context.Context) plan {
	replaced := r.found.history.Revision(r.record.Replaces)
	if replaced == nil {
		return plan{}
	}
	before, err := planOf(*replaced)
	if err != nil {
		r.warn(ctx, "%v", err)
	}
	return before
}

// restoreShared brings what the slots share back to what the previous revision was recorded with. What keeps state stays as
// it is. Behind a first deploy there is nothing that would live on it.
func (r *run) restoreShared(ctx context.Context) error {
	if r.record.Replaces == 0 {
		r.record.Restored = true
		return nil
	}
	before := r.replacedPlan(ctx)
	if len(before.layers.Platform) == 0 {
		r.warn(ctx, "revision %d was recorded without its platform, so policies and routes stay as this run applied them", r.record.Replaces)
		return nil
	}
	old := slices.DeleteFunc(slices.Clone(before.shared()), func(object *cluster.Object) bool { return isStableService(r.Application, object) })
	if err := inWaves(ctx, old, r.applyObject); err != nil {
		return err
	}
	temporary, err := r.temporaryPolicies(ctx)
	if err != nil {
		return err
	}
	for _, object := range r.plan.shared() {
		added := find(old, cluster.RefOf(object)) == nil && !isStableService(r.Application, object)
		if added && (removable(object) || carriesTraffic(object)) {
			temporary = append(temporary, cluster.RefOf(object))
		}
	}
	for _, ref := range temporary {
		if _, err := r.held.Delete(ctx, ref); err != nil {
			return err
		}
	}
	r.record.Restored = true
	return nil
}

// stayed names what keeps state and was changed, which no undo takes back.
func (r *run) stayed() string {
	var changed []string
	for _, change := range r.held.Changes() {
		if change.Action != cluster.Unchanged && change.Action != cluster.Marked && find(r.plan.layers.Data, change.Ref) != nil {
			changed = append(changed, fmt.Sprintf("%s (%s)", change.Ref, change.Action))
		}
	}
	if len(changed) == 0 {
		return ""
	}
	return "; what keeps state stays as it was changed, since no store goes back by itself: " + strings.Join(changed, ", ")
}
