package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// A tag that moves elsewhere restarts no store: only a change in k8s/data does.
func TestAStoreKeepsTheImageThatItRuns(t *testing.T) {
	w := after(t, production)
	w.upstream = 1
	_, err := w.deploy(production, "v1")
	require.NoError(t, err)
	running := w.images("redis")
	assert.Regexp(t, `^docker\.io/library/redis:8-trixie@sha256:0+1$`, running[0])

	w.upstream = 2
	_, err = w.deploy(production, "v2")
	require.NoError(t, err)
	assert.Equal(t, running, w.images("redis"))

	// What the cluster runs under another tag says nothing.
	store, err := w.Get(t.Context(), statefulSet("redis"))
	require.NoError(t, err)
	containers, _, _ := unstructured.NestedSlice(store.Object, "spec", "template", "spec", "containers")
	containers[0].(map[string]any)["image"] = "docker.io/library/redis:7-trixie@sha256:old"
	require.NoError(t, unstructured.SetNestedSlice(store.Object, containers, "spec", "template", "spec", "containers"))
	w.store(store)
	_, err = w.deploy(production, "v3")
	require.NoError(t, err)
	assert.Regexp(t, `:8-trixie@sha256:0+2$`, w.images("redis")[0])
}

// images are those that a StatefulSet runs.
func (w *world) images(name string) []string {
	store, err := w.Get(w.t.Context(), statefulSet(name))
	require.NoError(w.t, err)
	return render.Images([]*cluster.Object{store})
}

func statefulSet(name string) cluster.Ref {
	return cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: production.Namespace, Name: name}
}
