package clustertest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
)

func configMap(value string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"key": value}}}
	object.SetName("settings")
	object.SetNamespace("shop")
	return object
}

func deployment(image string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "spec": map[string]any{
		"replicas": int64(2), "selector": map[string]any{"matchLabels": map[string]any{"app": "web"}}, "template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"app": "web"}},
			"spec":     map[string]any{"containers": []any{map[string]any{"name": "web", "image": image}}}}}}}
	object.SetName("web")
	object.SetNamespace("shop")
	return object
}

func TestApply(t *testing.T) {
	server := clustertest.NewServer("shop")
	api := server.NewClient().Cluster()
	first, err := api.Apply(t.Context(), configMap("a"), cluster.ApplyOptions{})
	require.NoError(t, err)
	again, err := api.Apply(t.Context(), configMap("a"), cluster.ApplyOptions{})
	require.NoError(t, err)
	assert.Equal(t, first.GetResourceVersion(), again.GetResourceVersion(), "what changes nothing keeps the version")
	assert.Len(t, server.Writes(), 1)

	fewer := configMap("a")
	fewer.Object["data"] = map[string]any{"other": "b"}
	changed, err := api.Apply(t.Context(), fewer, cluster.ApplyOptions{})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"other": "b"}, changed.Object["data"], "what is not applied any more goes")

	fewer.SetResourceVersion(first.GetResourceVersion())
	_, err = api.Apply(t.Context(), fewer, cluster.ApplyOptions{})
	assert.True(t, cluster.IsConflict(err), "%v", err)
}

func TestApplyWithPreconditions(t *testing.T) {
	api := clustertest.NewServer("shop").NewClient().Cluster()
	first, err := api.Apply(t.Context(), configMap("a"), cluster.ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, api.Delete(t.Context(), cluster.RefOf(first)))

	gone := configMap("b")
	gone.SetUID(first.GetUID())
	_, err = api.Apply(t.Context(), gone, cluster.ApplyOptions{})
	assert.True(t, cluster.IsConflict(err), "%v", err)

	gone.SetUID("")
	gone.SetResourceVersion(first.GetResourceVersion())
	_, err = api.Apply(t.Context(), gone, cluster.ApplyOptions{})
	assert.NoError(t, err, "a version alone keeps nothing from being made anew")
}

func TestKinds(t *testing.T) {
	kinds, err := clustertest.NewServer("shop").NewClient().Cluster().Kinds(t.Context())
	require.NoError(t, err)
	assert.Contains(t, kinds, cluster.Kind{APIVersion: "apps/v1", Kind: "Deployment", Namespaced: true})
	assert.Contains(t, kinds, cluster.Kind{APIVersion: "v1", Kind: "Namespace"})
}

func TestWhatNobodyMayChangeIsRefused(t *testing.T) {
	server := clustertest.NewServer("shop")
	api := server.NewClient().Cluster()
	selecting := func(label string) *cluster.Object {
		object := deployment("one")
		object.Object["spec"].(map[string]any)["selector"] = map[string]any{"matchLabels": map[string]any{"app": label}}
		return object
	}
	_, err := api.Apply(t.Context(), selecting("web"), cluster.ApplyOptions{})
	require.NoError(t, err)
	for _, options := range []cluster.ApplyOptions{{DryRun: true}, {}} {
		_, err = api.Apply(t.Context(), selecting("other"), options)
		assert.Equal(t, []string{"spec.selector"}, cluster.ImmutableFields(err), "%v", err)
	}
	_, err = api.MergePatch(t.Context(), cluster.RefOf(selecting("")), map[string]any{"spec": map[string]any{"selector": nil}})
	assert.Equal(t, []string{"spec.selector"}, cluster.ImmutableFields(err), "%v", err)
	assert.Len(t, server.Writes(), 1)
}

func TestDeploymentsHavePods(t *testing.T) {
	server := clustertest.NewServer("shop")
	api := server.NewClient().Cluster()
	_, err := api.Apply(t.Context(), deployment("one"), cluster.ApplyOptions{})
	require.NoError(t, err)
	assert.Len(t, server.List("v1", "Pod", "shop", map[string]string{"app": "web"}), 2)
	_, err = api.Apply(t.Context(), deployment("two"), cluster.ApplyOptions{})
	require.NoError(t, err)
	pods := server.List("v1", "Pod", "shop", map[string]string{"app": "web"})
	require.Len(t, pods, 2)
	require.NoError(t, api.Scale(t.Context(), "shop", "web", 0))
	assert.Empty(t, server.List("v1", "Pod", "shop", nil))
}

func TestFaults(t *testing.T) {
	for fault, fails := range map[clustertest.Fault]bool{clustertest.Kill: true, clustertest.TooMany: false, clustertest.Failing: false,
		clustertest.Lost: false, clustertest.Timeout: false, clustertest.Conflict: true, clustertest.Refused: true} {
		t.Run(string(fault), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := clustertest.NewServer("shop").NewClient()
				client.Fault = func(n int, _ clustertest.Write) clustertest.Fault {
					if n == 0 {
						return fault
					}
					return clustertest.None
				}
				_, err := client.Cluster().Apply(t.Context(), configMap("a"), cluster.ApplyOptions{})
				assert.Equal(t, fails, err != nil, "%v", err)
				assert.Equal(t, fault == clustertest.Kill, client.Dead())
			})
		})
	}
}

func TestAFrozenProcessGoesOnLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("shop")
		client := server.NewClient()
		client.Fault = func(int, clustertest.Write) clustertest.Fault { return clustertest.Freeze }
		var err error
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, err = client.Cluster().Apply(t.Context(), configMap("a"), cluster.ApplyOptions{})
		}()
		<-client.Frozen()
		assert.Empty(t, server.Writes())
		time.Sleep(time.Second)
		client.Wake()
		<-ended
		require.NoError(t, err)
		assert.Len(t, server.Writes(), 1)
	})
}

func BenchmarkGet(b *testing.B) {
	api := clustertest.NewServer("shop").NewClient().Cluster()
	_, err := api.Apply(b.Context(), deployment("one"), cluster.ApplyOptions{})
	require.NoError(b, err)
	for b.Loop() {
		_, _ = api.Get(b.Context(), cluster.RefOf(deployment("one")))
	}
}

func BenchmarkApply(b *testing.B) {
	api := clustertest.NewServer("shop").NewClient().Cluster()
	for b.Loop() {
		_, _ = api.Apply(b.Context(), deployment("one"), cluster.ApplyOptions{})
	}
}
