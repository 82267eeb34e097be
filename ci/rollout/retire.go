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

// waysIn are the kinds by which requests come into an environment. Those that refer to others come first, which is the
// order to remove them in.
var waysIn = []struct{ apiVersion, kind string }{
	{"networking.k8s.io/v1", "Ingress"},
	{"gateway.networking.k8s.io/v1", "HTTPRoute"},
	{"gateway.networking.k8s.io/v1", "Gateway"},
}

// retireWaysIn removes the ways in that the manifests do not have any more, such as the Ingress where a Gateway took
// its place. One at another address stays, since the names of the hosts may still point there.
func (r *run) retireWaysIn(ctx context.Context) error {
	if r.action != ActionDeploy {
		return nil // a rollback leaves the platform as it is
	}
	current, stale, err := r.sortWaysIn(ctx)
	if err != nil || len(stale) == 0 {
		return err
	}
	old, new := addresses(stale), addresses(current)
	if !slices.ContainsFunc(old, func(address string) bool { return slices.Contains(new, address) }) {
		return fmt.Errorf("%s still answers at %q, though the manifests have it no more, since the way in that they have is at %q: point the hosts there, then remove it with kubectl",
			named(stale), strings.Join(old, ", "), strings.Join(new, ", "))
	}
	for _, object := range stale {
		r.Progress.Info(ctx, "removing %s, which the manifests have no more", cluster.RefOf(object))
		if err := r.Cluster.Delete(ctx, cluster.RefOf(object)); err != nil {
			return err
		}
	}
	if _, err := r.proveDoor(ctx, r.target()); err != nil {
		return r.putBack(ctx, stale, err)
	}
	return nil
}

// putBack brings removed ways in back, those that others refer to first.
func (r *run) putBack(ctx context.Context, removed []*cluster.Object, cause error) error {
	for _, object := range slices.Backward(removed) {
		for _, field := range []string{"resourceVersion", "uid", "creationTimestamp"} {
			unstructured.RemoveNestedField(object.Object, "metadata", field)
		}
		delete(object.Object, "status")
		if err := r.applyObject(ctx, object); err != nil {
			return fmt.Errorf("without %s: %w; putting it back: %w", named(removed), cause, err)
		}
	}
	return fmt.Errorf("%s was removed and put back, since the front door needs it: %w", named(removed), cause)
}

// sortWaysIn reads the application's ways in: those that the manifests have, and the others.
func (r *run) sortWaysIn(ctx context.Context) (current, stale []*cluster.Object, err error) {
	found, err := listWaysIn(ctx, r.Cluster, r.Application, r.environment.Namespace)
	for _, object := range found {
		rendered := func(other *cluster.Object) bool { return cluster.RefOf(other) == cluster.RefOf(object) }
		if slices.ContainsFunc(r.plan.platform, rendered) {
			current = append(current, object)
		} else {
			stale = append(stale, object)
		}
	}
	return current, stale, err
}

// listWaysIn reads the ways in of an application, in the order of the kinds. Kinds that the cluster does not have, or
// that the user may not look at, count as not there: where they are deployed, the deployer has the right.
func listWaysIn(ctx context.Context, api Reader, app config.Application, namespace string) ([]*cluster.Object, error) {
	selector := render.PartOfLabel + "=" + app.Name + "," + labelManagedBy + "=" + cluster.FieldManager
	var all []*cluster.Object
	for _, kind := range waysIn {
		found, err := api.List(ctx, kind.apiVersion, kind.kind, namespace, selector)
		if err != nil && !errors.Is(err, cluster.ErrUnknownKind) && !cluster.IsForbidden(err) {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
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
