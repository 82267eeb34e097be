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

// A store that does not start ends a deploy before anything of the release is there.
func TestAStoreThatDoesNotStartEndsTheDeploy(t *testing.T) {
	w := after(t, production, "v1")
	w.broken = "postgres"
	_, err := w.deploy(production, "v2")
	assert.ErrorContains(t, err, "the volume is empty")
	w.finished(production, "v1")
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

// Whatever is deployed, rolled back or pruned: what keeps state is never deleted, so it is never made anew. Not even what
// is labelled as if a release that nobody records any more had left it.
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
	left := []*cluster.Object{
		w.left("apps/v1", "StatefulSet", "left-behind"), w.left("v1", "PersistentVolumeClaim", "left-alone"), w.left("v1", "Secret", "left-over"),
	}
	w.left("v1", "PersistentVolumeClaim", "data-redis-0")
	for _, version := range []string{"v1", "v2", "sick", "v3"} {
		_, _ = w.deploy(production, version)
	}
	_, err := w.rollback(production, Request{})
	require.NoError(t, err)
	assert.Empty(t, deleted)
	for _, object := range left {
		_, err := w.Get(t.Context(), cluster.RefOf(object))
		assert.NoError(t, err)
	}
	for _, store := range []string{"redis", "postgres"} {
		_, err := w.Get(t.Context(), statefulSet(store))
		assert.NoError(t, err)
	}
}

// left puts an object into the cluster that looks as if an old release had left it.
func (w *world) left(apiVersion, kind, name string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
	object.SetName(name)
	object.SetNamespace(production.Namespace)
	object.SetLabels(map[string]string{render.PartOfLabel: application.Name, render.VersionLabel: "v0", labelManagedBy: cluster.FieldManager})
	w.store(object)
	return object
}

func TestWhatKeepsStateAndIsInNoManifestIsNamed(t *testing.T) {
	w := after(t, production, "v1")
	w.left("apps/v1", "StatefulSet", "left-behind")
	w.left("v1", "PersistentVolumeClaim", "left-alone")
	w.left("v1", "PersistentVolumeClaim", "data-redis-0") // made from the template of a store that is in the manifests
	result, err := w.deploy(production, "v2")
	require.NoError(t, err)
	require.Len(t, result.Warnings, 2)
	assert.Contains(t, result.Warnings[0], `StatefulSet "left-behind" in namespace "team-dashboard-prod" is in the manifests no more`)
	assert.Contains(t, result.Warnings[1], "kubectl -n team-dashboard-prod delete persistentvolumeclaim/left-alone")

	result, err = w.rollback(production, Request{})
	require.NoError(t, err)
	assert.Empty(t, result.Warnings, "a rollback does not ask the manifests")
}
