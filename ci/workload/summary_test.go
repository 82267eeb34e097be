package workload

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSummaries(t *testing.T) {
	s := newServer()
	labels := map[string]any{"app": "monitoring"}
	put := func(plural, name string, spec, status map[string]any) {
		spec["template"] = map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": name, "image": name + ":1"}, map[string]any{"name": "reloader", "image": "reloader:1"}}}}
		s.put(t, "/apis/apps/v1/namespaces/shop/"+plural+"/"+name, map[string]any{"metadata": map[string]any{"labels": labels}, "spec": spec, "status": status})
	}
	put("deployments", "prometheus", map[string]any{}, map[string]any{"replicas": 2, "availableReplicas": 1})
	put("statefulsets", "alertmanager", map[string]any{"replicas": 3}, map[string]any{"replicas": 2, "availableReplicas": 2})
	put("daemonsets", "node-exporter", map[string]any{}, map[string]any{"desiredNumberScheduled": 5, "numberAvailable": 4})
	s.put(t, "/apis/apps/v1/namespaces/shop/deployments/other", webDeployment())
	found, err := Summaries(t.Context(), s.Cluster, "", "app=monitoring")
	require.NoError(t, err)
	assert.Equal(t, []Summary{
		{Namespace: "shop", Kind: "Deployment", Name: "prometheus", Image: "prometheus:1", Ready: 1, Desired: 1},
		{Namespace: "shop", Kind: "StatefulSet", Name: "alertmanager", Image: "alertmanager:1", Ready: 2, Desired: 3},
		{Namespace: "shop", Kind: "DaemonSet", Name: "node-exporter", Image: "node-exporter:1", Ready: 4, Desired: 5},
	}, found)
}
