package rollout

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// waysInOf are the repository's manifests with ways in of the given kinds.
type waysInOf []string

func (kinds waysInOf) Layer(ctx context.Context, options render.Options) ([]*cluster.Object, error) {
	objects, err := repository.Layer(ctx, options)
	if options.Layer != render.Platform {
		return objects, err
	}
	objects = slices.Clone(objects)
	for _, kind := range slices.Backward(waysIn) { // as kustomize orders them
		if slices.Contains(kinds, kind.kind) {
			object := &cluster.Object{Object: map[string]any{"apiVersion": kind.apiVersion, "kind": kind.kind}}
			object.SetName("dashboard")
			object.SetNamespace(options.Environment.Namespace)
			object.SetLabels(map[string]string{render.PartOfLabel: application.Name, labelManagedBy: cluster.FieldManager})
			objects = append(objects, object)
		}
	}
	return objects, err
}

var (
	byIngress = waysInOf{"Ingress"}
	byGateway = waysInOf{"Gateway", "HTTPRoute"}
)

// deployBy deploys a release with the given ways in.
func (w *world) deployBy(version string, kinds waysInOf) (Result, error) {
	deployer := w.deployer()
	deployer.Manifests = kinds
	return deployer.Deploy(w.t.Context(), Request{Environment: staging.Name, Release: published(version), Holder: "somebody", Command: "deploy " + version})
}

// waysIn lists the kinds of the ways in that there are.
func (w *world) waysIn() waysInOf {
	var found waysInOf
	for _, kind := range waysIn {
		if len(w.list(kind.apiVersion, kind.kind, staging.Namespace, "")) > 0 {
			found = append(found, kind.kind)
		}
	}
	slices.Sort(found)
	return found
}

func TestAWayInThatTheManifestsHaveNoMoreIsRemoved(t *testing.T) {
	w := after(t, staging)
	for _, kinds := range []waysInOf{byIngress, byGateway, byIngress} {
		result, err := w.deployBy("v1", kinds)
		require.NoError(t, err)
		assert.Empty(t, result.Warnings)
		assert.Equal(t, kinds, w.waysIn())
	}
}

// A rollback leaves the platform as it is, so the same release is deployed again where the manifests want another.
func TestAWayInIsChangedAfterARollback(t *testing.T) {
	w := after(t, staging)
	_, err := w.deployBy("v1", byIngress)
	require.NoError(t, err)
	_, err = w.deployBy("v2", byGateway)
	require.NoError(t, err)
	_, err = w.rollback(staging, Request{})
	require.NoError(t, err)
	assert.Equal(t, byGateway, w.waysIn())

	result, err := w.deployBy("v1", byIngress)
	require.NoError(t, err)
	assert.True(t, result.Changed)
	assert.Equal(t, byIngress, w.waysIn())
}

func TestAWayInAtAnotherAddressStays(t *testing.T) {
	w := after(t, staging)
	_, err := w.deployBy("v1", byIngress)
	require.NoError(t, err)
	w.address["Gateway"] = "192.0.2.2"
	result, err := w.deployBy("v1", byGateway)
	require.NoError(t, err)
	require.Len(t, result.Warnings, 1)
	for _, said := range []string{`Ingress "dashboard"`, "192.0.2.1", "192.0.2.2", "kubectl"} {
		assert.Contains(t, result.Warnings[0], said)
	}
	assert.Equal(t, waysInOf{"Gateway", "HTTPRoute", "Ingress"}, w.waysIn())
}

func TestAWayInThatTheFrontDoorNeedsIsPutBack(t *testing.T) {
	w := after(t, staging)
	_, err := w.deployBy("v1", byIngress)
	require.NoError(t, err)
	w.after = func(done write) { w.unreachable["v1"] = done.verb == "delete" && done.ref.Kind == "Ingress" }
	result, err := w.deployBy("v1", byGateway)
	require.NoError(t, err)
	require.Len(t, result.Warnings, 1)
	assert.Contains(t, result.Warnings[0], "put back")
	assert.Equal(t, waysInOf{"Gateway", "HTTPRoute", "Ingress"}, w.waysIn())
}

func TestAWayInOfSomebodyElseStays(t *testing.T) {
	w := after(t, staging)
	foreign := &cluster.Object{Object: map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}}
	foreign.SetName("theirs")
	foreign.SetNamespace(staging.Namespace)
	w.store(foreign)
	_, err := w.deployBy("v1", byGateway)
	require.NoError(t, err)
	assert.Contains(t, w.waysIn(), "Ingress")
}

func TestAGatewayThatDoesNotOpenIsNamed(t *testing.T) {
	w := after(t, staging)
	w.uncertified = `Secret "dashboard-tls" not found`
	_, err := w.deployBy("v1", byGateway)
	require.ErrorIs(t, err, errOutOfTime)
	for _, said := range []string{`Gateway "dashboard"`, "not ResolvedRefs: InvalidCertificateRef", w.uncertified} {
		assert.ErrorContains(t, err, said)
	}
	var stopped *Error
	require.True(t, errors.As(err, &stopped))
	assert.Equal(t, StepWait, stopped.Step)
}

func TestStatusNamesAWayInThatIsClosed(t *testing.T) {
	w := after(t, staging)
	_, err := w.deployBy("v1", byGateway)
	require.NoError(t, err)
	for _, object := range w.list("gateway.networking.k8s.io/v1", "Gateway", staging.Namespace, "") {
		w.uncertified = `Secret "dashboard-tls" not found`
		w.store(object)
	}
	status, err := w.observer().Status(t.Context(), "staging")
	require.NoError(t, err)
	assert.Equal(t, []string{`Gateway "dashboard" in namespace "team-dashboard-staging": not ResolvedRefs: InvalidCertificateRef: ` + w.uncertified}, status.Problems)
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
			route := &cluster.Object{Object: map[string]any{"kind": "HTTPRoute", "metadata": map[string]any{"generation": int64(2)}}}
			if test.conditions != nil {
				route.Object["status"] = map[string]any{"parents": []any{map[string]any{"conditions": test.conditions}}}
			}
			assert.Equal(t, test.want, whyClosed(route))
		})
	}
}
