package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// capacity compares what all new pods together ask for with what the namespace's quotas leave. It does not look at nodes:
// whether a pod fits there depends on all that runs, and the wait says at once when the scheduler finds no room.
func (i inspector) capacity(ctx context.Context) Finding {
	need, err := i.need(ctx)
	if err != nil {
		return of("", fmt.Errorf("%w; correct the manifests under k8s/", err))
	}
	found, err := i.api.List(ctx, "v1", "ResourceQuota", i.Environment.Namespace, "")
	if err != nil {
		return of("", err)
	}
	var short []string
	for _, object := range found {
		var quota kinds.ResourceQuota
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &quota); err != nil {
			return of("", fmt.Errorf("reading %s: %w", cluster.RefOf(object), err))
		}
		short = append(short, exceeds(quota, need)...)
	}
	if len(short) > 0 {
		slices.Sort(short)
		return of("", fmt.Errorf("the new pods do not fit: %s; raise the quota, or remove what is not needed", strings.Join(short, ", ")))
	}
	pods := need[kinds.ResourcePods]
	if len(found) == 0 {
		return of(fmt.Sprintf("%s new pods, and no quota in the namespace", pods.String()), nil)
	}
	return of(fmt.Sprintf("%s new pods fit into the namespace's quota", pods.String()), nil)
}

// exceeds names the resources of a quota that what is needed would overrun. A quota with a scope counts some pods alone,
// and whether the new ones are among them is the API server's to say, pod by pod.
func exceeds(quota kinds.ResourceQuota, need kinds.ResourceList) []string {
	if len(quota.Spec.Scopes) > 0 || quota.Spec.ScopeSelector != nil {
		return nil
	}
	var short []string
	for name, hard := range quota.Status.Hard {
		wanted, ok := need[canonical(name)]
		if !ok {
			continue
		}
		left := hard.DeepCopy()
		left.Sub(quota.Status.Used[name])
		if wanted.Cmp(left) > 0 {
			short = append(short, fmt.Sprintf("quota %q leaves %s of %s, needed are %s", quota.Name, left.String(), name, wanted.String()))
		}
	}
	return short
}

// canonical maps the two names that a quota has for some resources to one.
func canonical(name string) string {
	switch name {
	case kinds.ResourceCPU, kinds.ResourceMemory:
		return "requests." + name
	case "count/pods":
		return kinds.ResourcePods
	}
	return name
}

// need adds up what all new pods ask for, as they would be admitted: with a LimitRange's defaults, and with the containers
// that the cluster adds. Those that could not be tried ask for what their templates say.
func (i inspector) need(ctx context.Context) (kinds.ResourceList, error) {
	need := kinds.ResourceList{kinds.ResourcePods: resource.Quantity{}}
	for _, tried := range i.tried.wait() {
		replicas := i.added(ctx, tried.workload)
		if replicas == 0 {
			continue
		}
		var pod kinds.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(tried.pod.Object, &pod); err != nil {
			return nil, fmt.Errorf("reading the pods of %s: %w", cluster.RefOf(tried.workload), err)
		}
		for name, quantity := range needOf(pod.Spec) {
			quantity.Mul(replicas)
			add(need, name, quantity)
		}
	}
	return need, nil
}

// added is how many pods a workload adds. A StatefulSet that is there replaces its own.
func (i inspector) added(ctx context.Context, workload *cluster.Object) int64 {
	switch {
	case workload.GetKind() == "Deployment":
		return int64(i.Replicas[workload.GetName()])
	case workload.GetKind() != "StatefulSet" || i.live(ctx, workload) != nil:
		return 0
	}
	replicas, found, _ := unstructured.NestedInt64(workload.Object, "spec", "replicas")
	if !found {
		return 1
	}
	return replicas
}

// needOf is what one pod asks for, by the names that quotas use. Init containers run one after the other, before the
// others, but for sidecars, which stay.
func needOf(spec kinds.PodSpec) kinds.ResourceList {
	running, most := kinds.ResourceList{}, kinds.ResourceList{}
	for _, container := range spec.InitContainers {
		if container.RestartPolicy == kinds.RestartAlways {
			addAll(running, resourcesOf(container))
			continue
		}
		alone := resourcesOf(container)
		addAll(alone, running)
		atLeast(most, alone)
	}
	for _, container := range spec.Containers {
		addAll(running, resourcesOf(container))
	}
	atLeast(most, running)
	for name, quantity := range spec.Overhead {
		add(most, "requests."+name, quantity)
	}
	add(most, kinds.ResourcePods, *resource.NewQuantity(1, resource.DecimalSI))
	return most
}

func resourcesOf(container kinds.Container) kinds.ResourceList {
	list := kinds.ResourceList{}
	for name, quantity := range container.Resources.Requests {
		list["requests."+name] = quantity.DeepCopy()
	}
	for name, quantity := range container.Resources.Limits {
		list["limits."+name] = quantity.DeepCopy()
		// A request that is not named is the limit.
		if _, named := container.Resources.Requests[name]; !named {
			list["requests."+name] = quantity.DeepCopy()
		}
	}
	return list
}

func add(to kinds.ResourceList, name string, quantity resource.Quantity) {
	sum := to[name].DeepCopy()
	sum.Add(quantity)
	to[name] = sum
}

func addAll(to, list kinds.ResourceList) {
	for name, quantity := range list {
		add(to, name, quantity)
	}
}

func atLeast(to, list kinds.ResourceList) {
	for name, quantity := range list {
		if least := to[name]; least.Cmp(quantity) < 0 {
			to[name] = quantity.DeepCopy()
		}
	}
}
