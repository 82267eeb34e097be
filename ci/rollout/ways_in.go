package rollout

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// waitForWaysIn lasts until the controller serves every Gateway and route of the manifests. An Ingress says nothing of
// that kind about itself.
func (r *run) waitForWaysIn(ctx context.Context) error {
	for _, object := range r.plan.platform {
		if conditions[object.GetKind()] == nil {
			continue
		}
		ref := cluster.RefOf(object)
		err := r.poll(ctx, r.Options.ReadyBudget, func(ctx context.Context) (string, error) {
			found, err := r.Cluster.Get(ctx, ref)
			if err != nil {
				return "", err
			}
			if closed := whyClosed(found); closed != "" {
				return fmt.Sprintf("waiting for %s: %s", ref, closed), nil
			}
			return "", nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// conditions are those under which a way in is open. An Ingress has none.
var conditions = map[string][]string{
	"Gateway":   {"Accepted", "ResolvedRefs", "Programmed"},
	"HTTPRoute": {"Accepted", "ResolvedRefs"},
}

// whyClosed says what keeps requests from coming in by a Gateway or a route; empty when nothing does.
func whyClosed(object *cluster.Object) string {
	wanted := conditions[object.GetKind()]
	if wanted == nil {
		return ""
	}
	statuses := "listeners"
	if object.GetKind() == "HTTPRoute" {
		statuses = "parents"
	}
	list, _, _ := unstructured.NestedSlice(object.Object, "status", statuses)
	if len(list) == 0 {
		return "no controller has taken it up; check the class of the Gateway"
	}
	for _, raw := range list {
		if status, ok := raw.(map[string]any); ok {
			if closed := unmet(status, wanted, object.GetGeneration()); closed != "" {
				return closed
			}
		}
	}
	return ""
}

// unmet says which of the wanted conditions does not hold for the object's newest generation, with the controller's
// own reason where it gives one; empty when all hold.
func unmet(status map[string]any, wanted []string, generation int64) string {
	list, _, _ := unstructured.NestedSlice(status, "conditions")
	missing := slices.Clone(wanted)
	for _, raw := range list {
		condition, _ := raw.(map[string]any)
		name, _ := condition["type"].(string)
		observed, _ := condition["observedGeneration"].(int64)
		if !slices.Contains(wanted, name) || observed < generation {
			continue
		}
		if condition["status"] != "True" {
			return fmt.Sprintf("not %s: %v: %v", name, condition["reason"], condition["message"])
		}
		missing = slices.DeleteFunc(missing, func(other string) bool { return other == name })
	}
	if len(missing) > 0 {
		return "not " + missing[0] + " yet"
	}
	return ""
}
