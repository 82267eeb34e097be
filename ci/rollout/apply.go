package rollout

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// apply brings the objects into the cluster: the platform first, whose accounts and policies the others refer to, then
// what keeps state, then the release. Nothing here changes where the traffic goes.
func (r *run) apply(ctx context.Context) error {
	if err := r.applyPlatform(ctx); err != nil {
		return err
	}
	if err := r.applyData(ctx); err != nil {
		return err
	}
	if err := r.clear(ctx); err != nil {
		return err
	}
	return r.applyRelease(ctx, r.plan.slots[r.record.Slot])
}

func (r *run) applyPlatform(ctx context.Context) error {
	return inWaves(ctx, r.plan.platform, func(ctx context.Context, object *cluster.Object) error {
		if _, err := r.Application.Service(object.GetName()); err == nil && object.GetKind() == "Service" {
			return r.applyStableService(ctx, object)
		}
		return r.applyObject(ctx, object)
	})
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
	granted, err := preflight.Granted(ctx, r.Cluster, object)
	if err != nil || granted {
		return err
	}
	_, err = r.Cluster.Apply(ctx, object, cluster.ApplyOptions{})
	return preflight.Refused(err, object, r.environment)
}

// applyStableService applies a stable Service with the selector that it has, since the one in the manifests knows
// nothing of switches; and only in the version that was read, so that a switch in between by a later holder of the lock
// stays. A Service that does not exist yet selects the slot that counts as live.
func (r *run) applyStableService(ctx context.Context, rendered *cluster.Object) error {
	ref := cluster.RefOf(rendered)
	for {
		object := rendered.DeepCopy()
		slot := r.record.Previous
		current, err := r.Cluster.Get(ctx, ref)
		switch {
		case cluster.IsNotFound(err):
		case err != nil:
			return err
		case current.GetAnnotations()[annotationToken] != r.lock.Token():
			return fmt.Errorf("applying %s: %w: another run has taken it over", ref, cluster.ErrLockLost)
		default:
			slot = selectedSlot(current)
			object.SetResourceVersion(current.GetResourceVersion())
		}
		if err := r.direct(object, slot); err != nil {
			return fmt.Errorf("applying %s: %w", ref, err)
		}
		if _, err = r.Cluster.Apply(ctx, object, cluster.ApplyOptions{}); !cluster.IsConflict(err) {
			return err
		}
	}
}

// direct lets a rendered stable Service select a slot, and names this run on it.
func (r *run) direct(service *cluster.Object, slot string) error {
	annotations := service.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[annotationToken] = r.lock.Token()
	service.SetAnnotations(annotations)
	if slot == "" {
		return nil
	}
	return unstructured.SetNestedField(service.Object, slot, "spec", "selector", render.SlotLabel)
}

// applyData applies what keeps state, and waits until it can be reached: a release that starts without its databases
// looks broken.
func (r *run) applyData(ctx context.Context) error {
	if err := inWaves(ctx, r.plan.data, r.applyObject); err != nil {
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
	return inWaves(ctx, ordered, func(ctx context.Context, object *cluster.Object) error {
		if err := r.applyObject(ctx, object); err != nil || object.GetKind() != "Deployment" || hasReplicas(object) {
			return err
		}
		return r.Cluster.Scale(ctx, object.GetNamespace(), object.GetName(), r.wantedReplicas(objects, object))
	})
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

// wantedReplicas is what the Deployment says; if it leaves that to its autoscaler, at least the autoscaler's minimum
// and as many pods as are ready in the live slot.
func (r *run) wantedReplicas(objects []*cluster.Object, deployment *cluster.Object) int {
	if hasReplicas(deployment) {
		return replicas(deployment)
	}
	wanted := 1
	for _, object := range objects {
		if object.GetKind() != "HorizontalPodAutoscaler" {
			continue
		}
		target, _, _ := unstructured.NestedString(object.Object, "spec", "scaleTargetRef", "name")
		least, found, _ := unstructured.NestedInt64(object.Object, "spec", "minReplicas")
		if target == deployment.GetName() && found {
			wanted = int(least)
		}
	}
	return max(wanted, r.liveReady(deployment))
}

// liveReady is the number of ready pods of the same service in the slot that has the traffic.
func (r *run) liveReady(deployment *cluster.Object) int {
	live, err := r.state.liveSlot()
	if err != nil {
		return 0
	}
	for _, other := range r.state.in(live) {
		if other.GetLabels()[render.AppLabel] == deployment.GetLabels()[render.AppLabel] {
			ready, _, _ := unstructured.NestedInt64(other.Object, "status", "readyReplicas")
			return int(ready)
		}
	}
	return 0
}

// clear empties the slot of another release's pods, which would otherwise stand behind its Services beside the new
// ones for a while. The same release may stay: that is what makes a rollback quick. Without slots nothing is cleared.
func (r *run) clear(ctx context.Context) error {
	slot := r.record.Slot
	if slot == "" || r.state.version(slot) == r.record.Release.Version {
		return nil
	}
	if err := r.park(ctx, slot); err != nil {
		return err
	}
	return r.waitForOthers(ctx)
}
