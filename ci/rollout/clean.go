package rollout

import (
	"context"
	"reflect"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// unchanged ends the run before its lock when what it wants is so already.
func (r *run) unchanged(ctx context.Context) (bool, error) {
	situation, err := r.situation(ctx)
	if err != nil {
		return false, err
	}
	if decided, _ := decide(situation); decided != decideNothing {
		return false, nil
	}
	r.describeLive()
	return true, nil
}

// describeLive copies into the result what is live, which is what was asked for.
func (r *run) describeLive() {
	live := r.found.recordOf(r.found.live())
	r.result.Outcome, r.result.Slot, r.result.Revision = record.Succeeded, live.Slot, live.Revision
	r.result.Services = r.found.services(live.Slot, live.Release)
}

// clean says whether nothing is left to do for the wanted revision besides: it is live as a whole and as released, no other
// slot has pods, what the slots share is its own, and nobody has changed its objects.
func (r *run) clean(ctx context.Context) (bool, error) {
	f := r.found
	slot, whole := f.whole()
	if !whole {
		return false, nil
	}
	live := f.recordOf(slot)
	if live == nil || live.Outcome != record.Succeeded || live.Digest() != r.plan.digest() {
		return false, nil
	}
	others := slices.DeleteFunc(slices.Clone(f.slots()), func(other string) bool { return other == slot })
	if slices.ContainsFunc(others, f.occupied) || !f.sharedRestored(live) {
		return false, nil
	}
	if slices.ContainsFunc(f.services(slot, live.Release), func(service ServiceStatus) bool { return !service.AsReleased }) {
		return false, nil
	}
	drifted, err := r.drifted(ctx, slot)
	if len(drifted) > 0 {
		r.Progress.Info(ctx, "%d objects are not as rendered, such as %s", len(drifted), drifted[0])
	}
	return len(drifted) == 0, err
}

// sharedRestored says whether every run after the live revision's that did not succeed gave the shared layers back.
func (f facts) sharedRestored(live *record.Record) bool {
	return !slices.ContainsFunc(f.history.Records, func(r record.Record) bool {
		return r.Revision > live.Revision && r.Outcome != record.Succeeded && !r.Restored && r.Format > 0
	})
}

// drifted names the objects of the revision in a slot that are missing, or that applying it would change. A rollback brings
// what was recorded, so it does not ask: what keeps state may differ.
func (r *run) drifted(ctx context.Context, slot string) ([]string, error) {
	if r.plan.action == record.Rollback {
		return nil, nil
	}
	var wanted []*cluster.Object
	for _, object := range r.plan.layers.Platform {
		if isStableService(r.Application, object) {
			object = selecting(object, slot)
		}
		wanted = append(wanted, object)
	}
	wanted = slices.Concat(wanted, r.plan.layers.Data, r.plan.layers.Slots[slot])
	changed := make([]bool, len(wanted))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelWrites)
	for i, object := range wanted {
		group.Go(func() (err error) {
			changed[i], err = r.wouldChange(ctx, object)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var names []string
	for i, object := range wanted {
		if changed[i] {
			names = append(names, cluster.RefOf(object).String())
		}
	}
	return names, nil
}

func (r *run) wouldChange(ctx context.Context, object *cluster.Object) (bool, error) {
	granted, err := access.Granted(ctx, r.Cluster, object)
	if err != nil || granted {
		return false, err
	}
	live, err := r.Cluster.Get(ctx, cluster.RefOf(object))
	if cluster.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if cluster.HandEdited(live, object) {
		return true, nil
	}
	applied, err := r.Cluster.Apply(ctx, object, cluster.ApplyOptions{DryRun: true})
	if err != nil {
		// What the API server refuses to try is for preflight to tell, which a run that changes something begins with.
		return !cluster.IsForbidden(err) && !cluster.IsInvalid(err), nil
	}
	return !reflect.DeepEqual(stripped(live), stripped(applied)), nil
}

// stripped is an object without what the API server counts by itself, and without the marks of runs.
func stripped(object *cluster.Object) map[string]any {
	copied := object.DeepCopy()
	for _, field := range []string{"managedFields", "resourceVersion", "generation", "annotations"} {
		unstructured.RemoveNestedField(copied.Object, "metadata", field)
	}
	delete(copied.Object, "status")
	return copied.Object
}
