package rollout

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// switching is when the traffic moved in this run; zero when another run moved it.
type switching struct{ began, patched time.Time }

// switchOver sends the traffic of all services to the run's slot, and lets the routes follow: so no new route ever leads to
// the pods of the revision before. Without slots the traffic is there already, and only ports and routes change.
func (r *run) switchOver(ctx context.Context) error {
	if err := r.makeReady(ctx, r.record.Slot, r.plan.layers.Slots[r.record.Slot]); err != nil {
		return err
	}
	shared, err := r.planShared(ctx)
	if err != nil {
		return err
	}
	r.switched.began = time.Now()
	if err := r.move(ctx, r.record.Slot, r.plan.layers.Platform); err != nil {
		return err
	}
	r.switched.patched = time.Now()
	return inWaves(ctx, shared.atSwitch, r.applyObject)
}

// move lets every stable Service select a slot, all at once, with the ports that the platform of that revision gives it. One
// that is missing is made. If one cannot be changed the others may be: the caller undoes or repeats it.
func (r *run) move(ctx context.Context, slot string, platform []*cluster.Object) error {
	var group errgroup.Group
	for _, service := range r.Application.Services {
		group.Go(func() error {
			ref := cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: r.environment.Namespace, Name: service.Name}
			_, err := r.held.Update(ctx, ref, func(current *cluster.Object) (*cluster.Object, error) {
				return directed(find(platform, ref), find(r.plan.layers.Platform, ref), current, slot), nil
			})
			return err
		})
	}
	return group.Wait()
}

// directed is a stable Service that selects a slot: as its revision rendered it; where an earlier pipeline recorded only the
// slots, as it is now with another selector; where it is gone besides, as this run would render it.
func directed(rendered, fallback, current *cluster.Object, slot string) *cluster.Object {
	switch {
	case rendered != nil:
		return selecting(rendered, slot)
	case current == nil && fallback != nil:
		return selecting(fallback, slot)
	case current == nil:
		return nil
	}
	return selecting(applicable(current), slot)
}

// applicable is what an apply can set of an object that was read: its labels and its specification.
func applicable(object *cluster.Object) *cluster.Object {
	kept := &cluster.Object{Object: map[string]any{"apiVersion": object.GetAPIVersion(), "kind": object.GetKind()}}
	kept.SetName(object.GetName())
	kept.SetNamespace(object.GetNamespace())
	kept.SetLabels(object.GetLabels())
	spec, _, _ := unstructured.NestedMap(object.Object, "spec")
	kept.Object["spec"] = spec
	return kept
}
