package rollout

import (
	"strings"
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

// Whatever is deployed, rolled back or pruned: what keeps state is never deleted, so it is never made anew.
func TestNothingThatKeepsStateIsEverDeleted(t *testing.T) {
	w := after(t, production)
	var deleted []string
	w.after = func(done write) {
		kept := done.ref.Kind == "StatefulSet" || done.ref.Kind == "PersistentVolumeClaim" || done.ref.Kind == "CronJob" ||
			done.ref.Kind == "Secret" && !strings.HasPrefix(done.ref.Name, "record-")
		if done.verb == "delete" && kept {
			deleted = append(deleted, done.String())
		}
	}
	claim := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim"}}
	claim.SetName("data-postgres-0")
	claim.SetNamespace(production.Namespace)
	// Labelled as if a release that nobody records any more had left it.
	claim.SetLabels(map[string]string{render.PartOfLabel: application.Name, render.VersionLabel: "v0", labelManagedBy: cluster.FieldManager})
	w.store(claim)
	stray := claim.DeepCopy()
	stray.SetAPIVersion("apps/v1")
	stray.SetKind("StatefulSet")
	stray.SetName("left-behind")
	w.store(stray)

	for _, version := range []string{"v1", "v2", "sick", "v3"} {
		_, _ = w.deploy(production, version)
	}
	_, err := w.rollback(production, Request{})
	require.NoError(t, err)
	assert.Empty(t, deleted)
	for _, kept := range []cluster.Ref{cluster.RefOf(claim), cluster.RefOf(stray), statefulSet("redis"), statefulSet("postgres")} {
		_, err := w.Get(t.Context(), kept)
		assert.NoError(t, err, "%s", kept)
	}
}
