package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// routeKinds are the kinds by which requests come into an environment. Those that refer to others come first, which is the
// order to remove them in.
var routeKinds = []struct{ apiVersion, kind string }{
	{"networking.k8s.io/v1", "Ingress"},
	{"gateway.networking.k8s.io/v1", "HTTPRoute"},
	{"gateway.networking.k8s.io/v1", "Gateway"},
}

// waitForRoutes lasts until the controller serves every Gateway and route of the manifests. An Ingress says nothing of
// that kind about itself.
func (r *run) waitForRoutes(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.Options.ReadyBudget)
	defer cancel()
	for _, object := range r.plan.layers.Platform {
		if conditions[object.GetKind()] == nil {
			continue
		}
		for told := ""; ; {
			closed, err := r.closedRoute(limited, cluster.RefOf(object))
			if err != nil {
				return err
			}
			if closed == "" {
				break
			}
			if closed != told {
				r.Progress.Info(ctx, "waiting for %s: %s", cluster.RefOf(object), closed)
				told = closed
			}
			if !cluster.Sleep(limited, r.Options.PollInterval) {
				return fmt.Errorf("waiting for %s: %s after %s", cluster.RefOf(object), closed, r.Options.ReadyBudget)
			}
		}
	}
	return nil
}

// closedRoute says why a route is not open; empty when it is.
func (r *run) closedRoute(ctx context.Context, ref cluster.Ref) (string, error) {
	found, err := r.Cluster.Get(ctx, ref)
	if err != nil {
		return "", err
	}
	return whyClosed(found), nil
}

// retireRoutes removes the routes that the manifests do not have any more, such as the Ingress where a Gateway took its
// place, or a route that got another name. One at another address stays, since the names of the hosts may still point there.
// Whatever the front door turns out to need comes back: that is a warning, for the release works.
func (r *run) retireRoutes(ctx context.Context) error {
	found, err := listRoutes(ctx, r.Cluster, r.Application, r.environment.Namespace)
	if err != nil {
		return err
	}
	var current, stale []*cluster.Object
	for _, object := range found {
		if find(r.plan.layers.Platform, cluster.RefOf(object)) != nil {
			current = append(current, object)
		} else {
			stale = append(stale, object)
		}
	}
	stale = slices.DeleteFunc(stale, func(object *cluster.Object) bool { return r.elsewhere(ctx, object, current) })
	if len(stale) == 0 {
		return nil
	}
	for _, object := range stale {
		r.Progress.Info(ctx, "removing %s, which the manifests have no more", cluster.RefOf(object))
		if _, err := r.held.Delete(ctx, cluster.RefOf(object)); err != nil {
			return err
		}
	}
	if _, err := r.proveDoor(ctx, r.target()); err != nil {
		return r.putBack(ctx, stale, err)
	}
	return nil
}

// elsewhere says, with a warning, whether a stale route answers at an address that no current one has. A route that says
// nothing of an address, as an HTTPRoute, shares that of its Gateway.
func (r *run) elsewhere(ctx context.Context, stale *cluster.Object, current []*cluster.Object) bool {
	old, now := addresses([]*cluster.Object{stale}), addresses(current)
	if len(old) == 0 || slices.ContainsFunc(old, func(address string) bool { return slices.Contains(now, address) }) {
		return false
	}
	r.warn(ctx, "%s still answers at %q, though the manifests do not have it any more, since the routes that they have are at %q: point the hosts there, then remove it with kubectl",
		cluster.RefOf(stale), strings.Join(old, ", "), strings.Join(now, ", "))
	return true
}

// putBack brings removed routes back, those that others refer to first.
func (r *run) putBack(ctx context.Context, removed []*cluster.Object, cause error) error {
	for _, object := range slices.Backward(removed) {
		if err := r.applyObject(ctx, applicable(object)); err != nil {
			return fmt.Errorf("without %s: %w; putting it back: %w", named(removed), cause, err)
		}
	}
	r.warn(ctx, "%s was removed and put back, since the front door needs it: %v", named(removed), cause)
	return nil
}

// listRoutes reads the routes of an application, in the order of the kinds. Kinds that the cluster does not have, or
// that the user may not look at, count as not there: where they are deployed, the deployer has the right.
func listRoutes(ctx context.Context, api *cluster.Cluster, app config.Application, namespace string) ([]*cluster.Object, error) {
	selector := render.PartOfLabel + "=" + app.Name + "," + labelManagedBy + "=" + cluster.FieldManager
	var all []*cluster.Object
	for _, kind := range routeKinds {
		found, err := api.List(ctx, kind.apiVersion, kind.kind, namespace, selector)
		if err != nil && !errors.Is(err, cluster.ErrUnknownKind) && !cluster.IsForbidden(err) {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// conditions are those under which a route is open. An Ingress has none.
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

// addresses are those that the controllers say they answer at.
func addresses(objects []*cluster.Object) []string {
	var found []string
	for _, object := range objects {
		gateway, _, _ := unstructured.NestedSlice(object.Object, "status", "addresses")
		ingress, _, _ := unstructured.NestedSlice(object.Object, "status", "loadBalancer", "ingress")
		for _, raw := range append(gateway, ingress...) {
			fields, _ := raw.(map[string]any)
			for _, key := range []string{"value", "ip", "hostname"} {
				if address, ok := fields[key].(string); ok {
					found = append(found, address)
				}
			}
		}
	}
	return found
}

func named(objects []*cluster.Object) string {
	names := make([]string, len(objects))
	for i, object := range objects {
		names[i] = cluster.RefOf(object).String()
	}
	return strings.Join(names, ", ")
}
