package rollout

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// temporaryLabel marks a policy that is in force only while two revisions run side by side.
const temporaryLabel = "team-dashboard.app/temporary"

// newlyIsolates says whether a policy would be the first to isolate any of the pods, in any of its directions. NetworkPolicies
// add up: one more allows more to a pod that one isolates already, and forbids all but its own to a pod that none does
// (https://kubernetes.io/docs/concepts/services-networking/network-policies, "The two sorts of pod isolation").
func newlyIsolates(policy *cluster.Object, others []*cluster.Object, pods []map[string]string) bool {
	for _, pod := range pods {
		if !selects(policy, pod) {
			continue
		}
		for _, direction := range directions(policy) {
			isolated := func(other *cluster.Object) bool {
				return slices.Contains(directions(other), direction) && selects(other, pod)
			}
			if !slices.ContainsFunc(others, isolated) {
				return true
			}
		}
	}
	return false
}

// selects says whether a policy is about a pod. One whose selector cannot be read is about every pod, to be on the safe side.
func selects(policy *cluster.Object, pod map[string]string) bool {
	fields, _, _ := unstructured.NestedMap(policy.Object, "spec", "podSelector")
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &selector); err != nil {
		return true
	}
	matcher, err := metav1.LabelSelectorAsSelector(&selector)
	return err != nil || matcher.Matches(labels.Set(pod))
}

// directions are those that a policy isolates pods in. Without policyTypes that is Ingress, and Egress if it has rules for it.
func directions(policy *cluster.Object) []string {
	if types, found, _ := unstructured.NestedStringSlice(policy.Object, "spec", "policyTypes"); found && len(types) > 0 {
		return types
	}
	if _, found, _ := unstructured.NestedSlice(policy.Object, "spec", "egress"); found {
		return []string{"Ingress", "Egress"}
	}
	return []string{"Ingress"}
}

// beside is a copy of a policy under a name of its own, limited to the pods of a slot unless that is empty.
func beside(policy *cluster.Object, slot string) *cluster.Object {
	copied := policy.DeepCopy()
	copied.SetName(policy.GetName() + "-next")
	marked := map[string]string{}
	for key, value := range policy.GetLabels() {
		marked[key] = value
	}
	marked[temporaryLabel] = "true"
	copied.SetLabels(marked)
	if slot != "" {
		_ = unstructured.SetNestedField(copied.Object, slot, "spec", "podSelector", "matchLabels", render.SlotLabel)
	}
	return copied
}
