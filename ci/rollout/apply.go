package rollout

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// apply brings the objects into the cluster: what the slots share first, as far as it takes nothing from the revision that
// has the traffic, then what keeps state, then the release. Nothing here changes where the traffic goes.
func (r *run) apply(ctx context.Context) error {
	if err := r.rejoin(ctx); err != nil {
		return err
	}
	shared, err := r.planShared(ctx)
	if err != nil {
		return err
	}
	if err := inWaves(ctx, slices.Concat(shared.early, shared.temporary), r.applyObject); err != nil {
		return err
	}
	if err := r.addStableServices(ctx); err != nil {
		return err
	}
	// A rollback leaves alone what keeps state: no store goes back by itself.
	if r.record.Action == record.Deploy {
		if err := r.applyData(ctx); err != nil {
			return err
		}
	}
	if err := r.clear(ctx); err != nil {
		return err
	}
	return r.applyRelease(ctx, r.plan.own(r.record.Slot))
}

// rejoin gives the traffic to the live slot as a whole, where hands have let the stable Services disagree: the idle one is
// to be emptied, and users need not wait for the new revision.
func (r *run) rejoin(ctx context.Context) error {
	live := r.record.Previous
	if _, whole := r.found.whole(); whole || live == "" || !r.found.occupied(live) {
		return nil
	}
	r.Progress.Info(ctx, "%s; sending all of the traffic to slot %s", r.found.disagreement(), live)
	before := r.replacedPlan(ctx)
	if err := r.makeReady(ctx, live, before.layers.Slots[live]); err != nil {
		return err
	}
	return r.move(ctx, live, before.layers.Platform)
}

// planShared sorts the shared objects by when each may come. It is asked anew in each step, since a run may begin in any.
func (r *run) planShared(ctx context.Context) (sharedPlan, error) {
	before, err := r.sharedBefore(ctx)
	if err != nil {
		return sharedPlan{}, err
	}
	state := sharedState{application: r.Application, before: before, live: r.record.Replaces > 0 || r.found.occupied(r.found.live()), idle: r.record.Slot}
	policies, err := r.Cluster.List(ctx, "networking.k8s.io/v1", "NetworkPolicy", r.environment.Namespace, "")
	if err != nil {
		return sharedPlan{}, err
	}
	state.policies = slices.DeleteFunc(policies, func(policy *cluster.Object) bool { return policy.GetLabels()[temporaryLabel] != "" })
	pods, err := r.Cluster.List(ctx, "v1", "Pod", r.environment.Namespace, "")
	if err != nil {
		return sharedPlan{}, err
	}
	for _, pod := range pods {
		if slot := pod.GetLabels()[render.SlotLabel]; slot == "" || slot != r.record.Slot {
			state.pods = append(state.pods, pod.GetLabels())
		}
	}
	return planShared(r.plan.shared(), state), nil
}

// sharedBefore are the shared objects of the revision that this run replaces; nil when they are not known.
func (r *run) sharedBefore(ctx context.Context) ([]*cluster.Object, error) {
	replaced := r.found.history.Revision(r.record.Replaces)
	if replaced == nil {
		return nil, nil
	}
	before, err := planOf(*replaced)
	if err != nil {
		r.warn(ctx, "%v; what it shares with this one cannot be compared", err)
		return nil, nil
	}
	return before.shared(), nil
}

// parallelWrites bounds the requests in flight, for API servers that serve others too.
const parallelWrites = 8

// inWaves applies objects kind by kind, in their order: those of one kind do not need each other, so they go at once.
func inWaves(ctx context.Context, objects []*cluster.Object, apply func(context.Context, *cluster.Object) error) error {
	for len(objects) > 0 {
		kind := objects[0].GetKind()
		others := slices.IndexFunc(objects, func(object *cluster.Object) bool { return object.GetKind() != kind })
		if others < 0 {
			others = len(objects)
		}
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(parallelWrites)
		for _, object := range objects[:others] {
			group.Go(func() error { return apply(ctx, object) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		objects = objects[others:]
	}
	return nil
}

func (r *run) applyObject(ctx context.Context, object *cluster.Object) error {
	granted, err := access.Granted(ctx, r.Cluster, object)
	if err != nil || granted {
		return err
	}
	change, err := r.held.Apply(ctx, object)
	if err != nil {
		return preflight.Refused(err, object, r.environment)
	}
	for _, field := range change.Foreign {
		r.warn(ctx, "%s keeps %s, which the manifests do not have", cluster.RefOf(object), field)
	}
	return nil
}

// addStableServices makes the stable Services that are not there. They select the slot that counts as live; those that are
// there change with the switch only.
func (r *run) addStableServices(ctx context.Context) error {
	for _, object := range r.plan.layers.Platform {
		if !isStableService(r.Application, object) {
			continue
		}
		_, err := r.held.Update(ctx, cluster.RefOf(object), func(current *cluster.Object) (*cluster.Object, error) {
			if current != nil {
				return nil, nil
			}
			return selecting(object, r.record.Previous), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// selecting is a rendered stable Service that selects a slot.
func selecting(service *cluster.Object, slot string) *cluster.Object {
	directed := service.DeepCopy()
	if slot != "" {
		_ = unstructured.SetNestedField(directed.Object, slot, "spec", "selector", render.SlotLabel)
	}
	return directed
}

// applyData applies what keeps state, and waits until it can be reached: a release that starts without its databases
// looks broken.
func (r *run) applyData(ctx context.Context) error {
	if err := inWaves(ctx, r.plan.layers.Data, r.applyObject); err != nil {
		return err
	}
	return r.waitForStores(ctx)
}

// applyRelease applies the objects of a slot. A Deployment gets its replicas before its autoscaler comes: that one
// would begin at a single pod, and the slot must be able to take all of the traffic at once.
func (r *run) applyRelease(ctx context.Context, objects []*cluster.Object) error {
	ordered := slices.Clone(objects)
	slices.SortStableFunc(ordered, func(a, b *cluster.Object) int {
		return cmp.Compare(isAutoscaler(a), isAutoscaler(b))
	})
	needed, err := r.needs(ctx, r.record.Slot)
	if err != nil {
		return err
	}
	return inWaves(ctx, ordered, func(ctx context.Context, object *cluster.Object) error {
		if object.GetKind() != "Deployment" {
			return r.applyOwn(ctx, object)
		}
		if err := r.applyOwn(ctx, r.marked(object)); err != nil || hasReplicas(object) {
			return err
		}
		_, err := r.held.Scale(ctx, cluster.RefOf(object), needed[object.GetLabels()[render.AppLabel]])
		return err
	})
}

// applyOwn applies an object of the run's slot. In a slot that has no traffic one whose immutable fields have changed is made
// anew; in one that serves, preflight has refused that.
func (r *run) applyOwn(ctx context.Context, object *cluster.Object) error {
	err := r.applyObject(ctx, object)
	var immutable *preflight.ImmutableError
	if !errors.As(err, &immutable) || immutable.KeepsState() || r.record.Slot == "" || r.found.traffic(r.record.Slot) != trafficElsewhere {
		return err
	}
	r.Progress.Info(ctx, "making %s anew: its %s cannot be changed", immutable.Object, strings.Join(immutable.Fields, ", "))
	if _, err := r.held.Delete(ctx, immutable.Object); err != nil {
		return fmt.Errorf("making %s anew: %w", immutable.Object, err)
	}
	return r.applyObject(ctx, object)
}

// marked is a Deployment that notes which revision it belongs to.
func (r *run) marked(deployment *cluster.Object) *cluster.Object {
	marked := deployment.DeepCopy()
	annotations := marked.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[revisionAnnotation] = r.plan.digest()
	marked.SetAnnotations(annotations)
	return marked
}

// isAutoscaler is 1 or 0, to sort by.
func isAutoscaler(object *cluster.Object) int {
	if object.GetKind() == "HorizontalPodAutoscaler" {
		return 1
	}
	return 0
}

func hasReplicas(deployment *cluster.Object) bool {
	_, found, _ := unstructured.NestedInt64(deployment.Object, "spec", "replicas")
	return found
}

// clear empties the slot of another revision's pods, which would otherwise stand behind its Services beside the new
// ones for a while. The same revision may stay: that is what makes a rollback quick. Without slots nothing is cleared.
func (r *run) clear(ctx context.Context) error {
	slot := r.record.Slot
	if slot == "" || r.found.revision(slot) == r.plan.digest() {
		return nil
	}
	if err := r.park(ctx, slot); err != nil {
		return err
	}
	return r.waitForOthers(ctx)
}
