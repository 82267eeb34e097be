package rollout

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// routedBy are the repository's manifests with routes of the given kinds and names.
type routedBy map[string]string

func (kinds routedBy) Layer(ctx context.Context, options render.Options) ([]*cluster.Object, error) {
	objects, err := repository.Layer(ctx, options)
	if options.Layer != render.Platform {
		return objects, err
	}
	objects = slices.DeleteFunc(objects, func(object *cluster.Object) bool { return object.GetKind() == "Ingress" })
	for _, kind := range slices.Backward(routeKinds) { // as kustomize orders them
		if name := kinds[kind.kind]; name != "" {
			objects = append(objects, route(kind.apiVersion, kind.kind, name))
		}
	}
	return objects, err
}

func route(apiVersion, kind, name string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": map[string]any{}}}
	object.SetName(name)
	object.SetNamespace(staging.Namespace)
	object.SetLabels(map[string]string{render.PartOfLabel: application.Name, labelManagedBy: cluster.FieldManager})
	return object
}

var (
	byIngress = routedBy{"Ingress": "door"}
	byGateway = routedBy{"Gateway": "door", "HTTPRoute": "door"}
)

// routed deploys a release with the given routes, which a controller serves at an address as soon as they are there, from now on.
func (w *world) routed(t *testing.T, version string, kinds routedBy, addresses map[string]string) (Result, error) {
	w.manifests = kinds
	view := w.Peek()
	w.After = func(done clustertest.Write) {
		for _, kind := range routeKinds {
			if done.Ref.Kind == kind.kind && done.Verb != "delete" && view.Get(done.Ref) != nil {
				view.SetStatus(done.Ref, served(kind.kind, addresses[kind.kind]))
			}
		}
	}
	return w.deploy(staging, version)
}

// served is what a controller says of a route that it serves.
func served(kind, address string) map[string]any {
	var conditions []any
	for _, name := range []string{"Accepted", "ResolvedRefs", "Programmed"} {
		conditions = append(conditions, map[string]any{"type": name, "status": "True", "observedGeneration": int64(1)})
	}
	switch kind {
	case "Ingress":
		return map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": address}}}}
	case "Gateway":
		return map[string]any{"addresses": []any{map[string]any{"value": address}}, "listeners": []any{map[string]any{"conditions": conditions}}}
	}
	return map[string]any{"parents": []any{map[string]any{"conditions": conditions}}}
}

var atOneAddress = map[string]string{"Ingress": "192.0.2.1", "Gateway": "192.0.2.1"}

// routes lists the routes that there are.
func (w *world) routes() routedBy {
	found := routedBy{}
	for _, kind := range routeKinds {
		for _, object := range w.List(kind.apiVersion, kind.kind, staging.Namespace, nil) {
			found[kind.kind] += object.GetName()
		}
	}
	return found
}

func TestARouteThatTheManifestsDoNotHaveAnyMoreIsRemoved(t *testing.T) {
	inWorld(t, staging, func(t *testing.T, w *world) {
		for _, kinds := range []routedBy{byIngress, byGateway, {"Gateway": "door", "HTTPRoute": "renamed"}, byIngress} {
			result, err := w.routed(t, "v1", kinds, atOneAddress)
			require.NoError(t, err)
			assert.Empty(t, result.Warnings)
			assert.Equal(t, kinds, w.routes())
		}
		_, err := w.rollback(staging, Request{})
		require.NoError(t, err)
		assert.Equal(t, routedBy{"Gateway": "door", "HTTPRoute": "renamed"}, w.routes(), "routes come back with their revision")
	})
}

func TestARouteAtAnotherAddressStays(t *testing.T) {
	inWorld(t, staging, func(t *testing.T, w *world) {
		_, err := w.routed(t, "v1", byIngress, atOneAddress)
		require.NoError(t, err)
		result, err := w.routed(t, "v1", byGateway, map[string]string{"Gateway": "192.0.2.2"})
		require.NoError(t, err)
		require.Len(t, result.Warnings, 1)
		for _, said := range []string{`Ingress "door"`, "192.0.2.1", "192.0.2.2", "kubectl"} {
			assert.Contains(t, result.Warnings[0], said)
		}
		assert.Equal(t, routedBy{"Gateway": "door", "HTTPRoute": "door", "Ingress": "door"}, w.routes())
	})
}

func TestARouteOfSomebodyElseStays(t *testing.T) {
	inWorld(t, staging, func(t *testing.T, w *world) {
		foreign := route("networking.k8s.io/v1", "Ingress", "theirs")
		foreign.SetLabels(nil)
		w.Put(foreign)
		_, err := w.routed(t, "v1", byGateway, atOneAddress)
		require.NoError(t, err)
		assert.Equal(t, "theirs", w.routes()["Ingress"])
	})
}

func TestWhyClosed(t *testing.T) {
	condition := func(name, status string, generation int64) any {
		return map[string]any{"type": name, "status": status, "observedGeneration": generation, "reason": "Because", "message": "of this"}
	}
	for name, test := range map[string]struct {
		conditions []any
		want       string
	}{
		"open":                     {[]any{condition("Accepted", "True", 2), condition("ResolvedRefs", "True", 2)}, ""},
		"nobody took it up":        {nil, "no controller has taken it up; check the class of the Gateway"},
		"refused":                  {[]any{condition("ResolvedRefs", "False", 2)}, "not ResolvedRefs: Because: of this"},
		"an answer of yesterday":   {[]any{condition("Accepted", "True", 1), condition("ResolvedRefs", "True", 2)}, "not Accepted yet"},
		"half of an answer so far": {[]any{condition("Accepted", "True", 2)}, "not ResolvedRefs yet"},
	} {
		t.Run(name, func(t *testing.T) {
			object := &cluster.Object{Object: map[string]any{"kind": "HTTPRoute", "metadata": map[string]any{"generation": int64(2)}}}
			if test.conditions != nil {
				object.Object["status"] = map[string]any{"parents": []any{map[string]any{"conditions": test.conditions}}}
			}
			assert.Equal(t, test.want, whyClosed(object))
		})
	}
}
