package preflight

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// capacity compares what the new pods ask for with what the namespace's quotas leave. It does not look at nodes:
// whether a pod fits there depends on all that runs, and the wait says at once when the scheduler finds no room.
func (i inspector) capacity(ctx context.Context) Check {
	need, err := i.need()
	if err != nil {
		return failed("correct the manifests under k8s/", "%v", err)
	}
	found, err := i.api.List(ctx, "v1", "ResourceQuota", i.Environment.Namespace, "")
	if err != nil {
		return failed("", "%v", err)
	}
	var short []string
	for _, object := range found {
		var quota kinds.ResourceQuota
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &quota); err != nil {
			return failed("", "reading %s: %v", cluster.RefOf(object), err)
		}
		short = append(short, exceeds(quota, need)...)
	}
	if len(short) > 0 {
		return failed("raise the quota, or remove what is not needed", "the new pods do not fit: %s", strings.Join(short, ", "))
	}
	pods := need[kinds.ResourcePods]
	if len(found) == 0 {
		return passed("%s new pods, and no quota in the namespace", pods.String())
	}
	return passed("%s new pods fit into the namespace's quota", pods.String())
}

// exceeds names the resources of a quota that what is needed would overrun.
func exceeds(quota kinds.ResourceQuota, need kinds.ResourceList) []string {
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

// canonical maps the two names that a quota has for requests to one.
func canonical(name string) string {
	switch name {
	case kinds.ResourceCPU:
		return kinds.ResourceRequestsCPU
	case kinds.ResourceMemory:
		return kinds.ResourceRequestsMemory
	}
	return name
}

// need adds up what all new pods ask for.
func (i inspector) need() (kinds.ResourceList, error) {
	need := kinds.ResourceList{kinds.ResourcePods: resource.Quantity{}}
	for _, object := range i.Objects {
		replicas := int64(i.Replicas[object.GetName()])
		if object.GetKind() != "Deployment" || replicas == 0 {
			continue
		}
		add(need, kinds.ResourcePods, *resource.NewQuantity(1, resource.DecimalSI), replicas)
		containers, _, err := unstructured.NestedSlice(object.Object, "spec", "template", "spec", "containers")
		if err != nil {
			return nil, fmt.Errorf("reading the containers of %s: %w", cluster.RefOf(object), err)
		}
		for _, raw := range containers {
			if err := addContainer(need, raw, replicas); err != nil {
				return nil, fmt.Errorf("reading the resources of %s: %w", cluster.RefOf(object), err)
			}
		}
	}
	return need, nil
}

func addContainer(need kinds.ResourceList, raw any, replicas int64) error {
	fields, ok := raw.(map[string]any)
	if !ok {
		return fmt.Errorf("a container is no object")
	}
	var container kinds.Container
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &container); err != nil {
		return err
	}
	for name, quantity := range container.Resources.Requests {
		add(need, "requests."+name, quantity, replicas)
	}
	for name, quantity := range container.Resources.Limits {
		add(need, "limits."+name, quantity, replicas)
	}
	return nil
}

func add(need kinds.ResourceList, name string, quantity resource.Quantity, times int64) {
	total := need[name]
	for range times {
		total.Add(quantity)
	}
	need[name] = total
}
