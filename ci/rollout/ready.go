package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// needs is how many ready pods each service must have in a slot before the traffic may move there, by the name of the
// service: what its Deployment says; if that leaves it to an autoscaler, at least its minimum and as many pods as are ready
// where the traffic is now, up to its maximum.
func (r *run) needs(ctx context.Context, slot string) (map[string]int, error) {
	now, err := r.found.again(ctx, r.Cluster)
	if err != nil {
		return nil, err
	}
	return needs(r.plan.layers.Slots[slot], now.readyNow(slot)), nil
}

func needs(objects []*cluster.Object, readyNow map[string]int) map[string]int {
	needed := map[string]int{}
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		service := object.GetLabels()[render.AppLabel]
		if replicas, found, _ := unstructured.NestedInt64(object.Object, "spec", "replicas"); found {
			needed[service] = int(replicas)
			continue
		}
		least, most := autoscaled(objects, object.GetName())
		needed[service] = max(least, min(readyNow[service], most))
	}
	return needed
}

// autoscaled are the bounds of a Deployment's autoscaler; 1 and 1 without one.
func autoscaled(objects []*cluster.Object, deployment string) (least, most int) {
	for _, object := range objects {
		target, _, _ := unstructured.NestedString(object.Object, "spec", "scaleTargetRef", "name")
		if object.GetKind() != "HorizontalPodAutoscaler" || target != deployment {
			continue
		}
		minimum, found, _ := unstructured.NestedInt64(object.Object, "spec", "minReplicas")
		if !found {
			minimum = 1
		}
		maximum, _, _ := unstructured.NestedInt64(object.Object, "spec", "maxReplicas")
		return int(minimum), int(max(maximum, minimum))
	}
	return 1, 1
}

// readyNow counts the ready pods that serve each service, in whichever slot its stable Service selects but the given one.
func (f facts) readyNow(but string) map[string]int {
	count := map[string]int{}
	for _, deployment := range f.running.Deployments {
		service, slot := deployment.Labels[render.AppLabel], deployment.Labels[render.SlotLabel]
		if selected, ok := f.selected[service]; ok && selected == slot && (slot != but || slot == "") {
			count[service] += deployment.Ready
		}
	}
	return count
}

// makeReady gives every service of a slot the ready pods that it needs before the traffic moves there, in whichever
// direction: an autoscaler or a hand may have taken them since they were counted last. The error says why they cannot be had.
func (r *run) makeReady(ctx context.Context, slot string, objects []*cluster.Object) error {
	for {
		now, err := r.found.again(ctx, r.Cluster)
		if err != nil {
			return err
		}
		needed := needs(objects, now.readyNow(slot))
		if r.record.Forced {
			needed = now.readyNow(slot)
		}
		short, err := r.scaleUp(ctx, now, slot, needed)
		if err != nil || len(short) == 0 {
			return err
		}
		if err := r.waitReady(ctx, short); err != nil {
			return err
		}
	}
}

// scaleUp asks for the pods that a slot lacks, and names its Deployments that have too few.
func (r *run) scaleUp(ctx context.Context, now facts, slot string, needed map[string]int) (short []string, err error) {
	deployments := now.in(slot)
	for service, pods := range needed {
		at := slices.IndexFunc(deployments, func(d workload.Deployment) bool { return d.Labels[render.AppLabel] == service })
		if at < 0 {
			if pods == 0 {
				continue
			}
			return nil, fmt.Errorf("counting the ready pods of %s in %s: it has no Deployment there", service, describeSlot(slot))
		}
		deployment := deployments[at]
		if deployment.Ready >= pods {
			continue
		}
		short = append(short, deployment.Name)
		if deployment.Desired < pods {
			r.Progress.Info(ctx, "%s has %d of the %d ready pods that it needs; scaling it up", deployment.Name, deployment.Ready, pods)
			ref := cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: r.environment.Namespace, Name: deployment.Name}
			if _, err := r.held.Scale(ctx, ref, pods); err != nil {
				return nil, err
			}
		}
	}
	return short, nil
}

func describeSlot(slot string) string {
	if slot == "" {
		return "the environment"
	}
	return "slot " + slot
}

func describeSlots(slots []string) string {
	if len(slots) == 0 {
		return "no slots; leave --slot out"
	}
	return "the slots " + strings.Join(slots, " and ")
}
