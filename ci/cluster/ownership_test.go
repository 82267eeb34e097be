package cluster_test

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
)

// as changes the Deployment or Service `web` under the name of another field manager, as other tools do.
func as(t *testing.T, client *clustertest.Client, manager, contentType, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "https://api.example"+path+"?force=true&fieldManager="+manager, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", contentType)
	response, err := client.RoundTrip(request)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode)
}

const (
	merged       = "application/merge-patch+json"
	applied      = "application/apply-patch+yaml"
	serviceAt    = "/api/v1/namespaces/shop/services/web"
	deploymentAt = "/apis/apps/v1/namespaces/shop/deployments/web"
)

func rendered(kind, apiVersion string, spec map[string]any) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	object.SetName("web")
	object.SetNamespace("shop")
	return object
}

func ours() *cluster.Object {
	return rendered("Service", "v1", map[string]any{"selector": map[string]any{"app": "web"}})
}

// What people set by any command of kubectl is gone after an apply; what other tools set stays, and is listed.
func TestFieldsThatOthersSet(t *testing.T) {
	for _, test := range []struct {
		name    string
		manager string
		how     string
		body    string
		stays   bool
		listed  []string
	}{
		{"kubectl edit", "kubectl-edit", merged, `{"spec":{"publishNotReadyAddresses":true}}`, false, nil},
		{"kubectl patch", "kubectl-patch", merged, `{"spec":{"publishNotReadyAddresses":true}}`, false, nil},
		{"kubectl set", "kubectl-set", merged, `{"spec":{"publishNotReadyAddresses":true}}`, false, nil},
		{"kubectl apply", "kubectl-client-side-apply", merged, `{"spec":{"publishNotReadyAddresses":true}}`, false, nil},
		{"kubectl apply --server-side", "kubectl", applied, `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"},"spec":{"publishNotReadyAddresses":true}}`, false, nil},
		{"terraform", "terraform", merged, `{"spec":{"publishNotReadyAddresses":true}}`, true, []string{`spec.publishNotReadyAddresses by "terraform"`}},
		{"argocd", "argocd-controller", applied, `{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"},"spec":{"publishNotReadyAddresses":true}}`,
			true, []string{`spec.publishNotReadyAddresses by "argocd-controller"`}},
		{"a controller", "kube-controller-manager", merged, `{"spec":{"publishNotReadyAddresses":true}}`, true, nil},
		{"labels", "rancher", merged, `{"metadata":{"labels":{"team":"a"}},"spec":{"publishNotReadyAddresses":true}}`, true,
			[]string{`metadata.labels by "rancher"`, `spec.publishNotReadyAddresses by "rancher"`}},
		{"notes and states", "ingress-controller", merged, `{"metadata":{"annotations":{"seen":"yes"}},"status":{"loadBalancer":{}},"spec":{"publishNotReadyAddresses":true}}`, true,
			[]string{`spec.publishNotReadyAddresses by "ingress-controller"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := clustertest.NewServer("shop").NewClient()
			api := client.Cluster()
			first, err := api.Apply(t.Context(), ours(), cluster.ApplyOptions{})
			require.NoError(t, err)
			as(t, client, test.manager, test.how, serviceAt, test.body)
			read, err := api.Get(t.Context(), cluster.RefOf(ours()))
			require.NoError(t, err)
			assert.NotEqual(t, first.GetResourceVersion(), read.GetResourceVersion())
			assert.Equal(t, !test.stays, cluster.HandEdited(read, ours()))

			after, err := api.ApplyVersion(t.Context(), read, ours())
			require.NoError(t, err)
			assert.Equal(t, test.stays, has(after, "publishNotReadyAddresses"))
			assert.Equal(t, test.listed, cluster.Foreign(after))
			assert.False(t, cluster.HandEdited(after, ours()))

			again, err := api.Apply(t.Context(), ours(), cluster.ApplyOptions{})
			require.NoError(t, err)
			assert.Equal(t, after.GetResourceVersion(), again.GetResourceVersion(), "the same again changes nothing")
		})
	}
}

func has(object *cluster.Object, field string) bool {
	_, found := object.Object["spec"].(map[string]any)[field]
	return found
}

// An apply without the condition of a version takes them over, too.
func TestApplyTakesOverByItself(t *testing.T) {
	client := clustertest.NewServer("shop").NewClient()
	api := client.Cluster()
	_, err := api.Apply(t.Context(), ours(), cluster.ApplyOptions{})
	require.NoError(t, err)
	as(t, client, "kubectl-edit", merged, serviceAt, `{"spec":{"publishNotReadyAddresses":true}}`)
	after, err := api.Apply(t.Context(), ours(), cluster.ApplyOptions{})
	require.NoError(t, err)
	assert.False(t, has(after, "publishNotReadyAddresses"))
}

// The number of pods is not removed with the rest: without one, there would be one pod.
func TestReplicasThatPeopleSet(t *testing.T) {
	workload := func(more map[string]any) *cluster.Object {
		labels := map[string]any{"app": "web"}
		spec := map[string]any{"selector": map[string]any{"matchLabels": labels}, "template": map[string]any{"metadata": map[string]any{"labels": labels},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": "web"}}}}}
		maps.Copy(spec, more)
		return rendered("Deployment", "apps/v1", spec)
	}
	for _, test := range []struct {
		name   string
		wanted map[string]any
		want   any
	}{
		{"left out by the manifest", map[string]any{"paused": true}, int64(7)},
		{"given by the manifest", map[string]any{"paused": true, "replicas": int64(3)}, int64(3)},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := clustertest.NewServer("shop").NewClient()
			api := client.Cluster()
			_, err := api.Apply(t.Context(), workload(map[string]any{"paused": true}), cluster.ApplyOptions{})
			require.NoError(t, err)
			as(t, client, "kubectl-edit", merged, deploymentAt, `{"spec":{"replicas":7,"minReadySeconds":5}}`)
			after, err := api.Apply(t.Context(), workload(test.wanted), cluster.ApplyOptions{})
			require.NoError(t, err)
			assert.False(t, has(after, "minReadySeconds"))
			assert.Equal(t, test.want, after.Object["spec"].(map[string]any)["replicas"])
			assert.False(t, cluster.HandEdited(after, workload(test.wanted)), "what is left on purpose is nothing to take over")
		})
	}
}

// What people set and the object cannot lose stays, and is listed.
func TestFieldsThatCannotBeRemoved(t *testing.T) {
	server := clustertest.NewServer("shop")
	client := server.NewClient()
	api := client.Cluster()
	_, err := api.Apply(t.Context(), ours(), cluster.ApplyOptions{})
	require.NoError(t, err)
	as(t, client, "kubectl-edit", merged, serviceAt, `{"spec":{"clusterIP":"None"}}`)
	applies := 0
	client.Fault = func(_ int, w clustertest.Write) clustertest.Fault {
		if w.Verb == "apply" {
			if applies++; applies == 1 {
				return clustertest.Refused
			}
		}
		return clustertest.None
	}
	read, err := api.Get(t.Context(), cluster.RefOf(ours()))
	require.NoError(t, err)
	after, err := api.ApplyVersion(t.Context(), read, ours())
	require.NoError(t, err)
	assert.True(t, has(after, "clusterIP"))
	assert.Equal(t, []string{`spec.clusterIP by "kubectl-edit"`}, cluster.Foreign(after))
}

func TestWroteBetween(t *testing.T) {
	client := clustertest.NewServer("shop").NewClient()
	api := client.Cluster()
	first, err := api.Apply(t.Context(), ours(), cluster.ApplyOptions{})
	require.NoError(t, err)
	as(t, client, "kube-controller-manager", merged, serviceAt, `{"status":{"loadBalancer":{}}}`)
	second, err := api.Get(context.Background(), cluster.RefOf(ours()))
	require.NoError(t, err)
	assert.False(t, cluster.WroteBetween(first, second))
	third, err := api.MergePatch(t.Context(), cluster.RefOf(ours()), map[string]any{"spec": map[string]any{"publishNotReadyAddresses": true}})
	require.NoError(t, err)
	assert.True(t, cluster.WroteBetween(second, third))
}
