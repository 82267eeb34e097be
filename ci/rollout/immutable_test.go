package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// selective are the repository's manifests with Deployments that select by one label more, which nobody may change in a
// Deployment that is there.
var selective = edited{edit: func(layer render.LayerName, object *cluster.Object) *cluster.Object {
	if layer == render.Slot && object.GetKind() == "Deployment" {
		for _, path := range [][]string{{"spec", "selector", "matchLabels"}, {"spec", "template", "metadata", "labels"}} {
			_ = unstructured.SetNestedField(object.Object, "yes", append(path, "chosen")...)
		}
	}
	return object
}}

// In the slot that has no traffic nothing is lost, so the Deployment is made anew, forward and back again.
func TestADeploymentOfTheIdleSlotIsMadeAnew(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		parked := cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: production.Namespace, Name: "dashboard-blue"}
		before := w.Get(parked)
		require.NotNil(t, before)
		w.manifests = selective
		result, err := w.deploy(production, "v3")
		require.NoError(t, err)
		assert.Equal(t, "blue", result.Slot)
		assert.NotEqual(t, before.GetUID(), w.Get(parked).GetUID())
		assert.Contains(t, result.Warnings, `manifests: Deployment "dashboard-blue" in namespace "team-dashboard-prod" will be made anew, since its spec.selector cannot be changed`)

		w.manifests = repository
		_, err = w.deploy(production, "v4")
		require.NoError(t, err, "into the other slot, as it was")
		_, err = w.deploy(production, "v5")
		require.NoError(t, err, "into the one that was made anew")
		w.finished(production, "v5")
	}, "v1", "v2")
}

// Where the Deployment serves, the deploy is refused before it writes.
func TestADeploymentThatServesIsNotMadeAnew(t *testing.T) {
	inWorld(t, staging, func(t *testing.T, w *world) {
		w.manifests = selective
		before := len(w.Writes())
		_, err := w.deploy(staging, "v2")
		require.ErrorContains(t, err, `Deployment "dashboard" in namespace "team-dashboard-staging" is there, and its spec.selector cannot be changed; undo the change in the manifests`)
		assert.Len(t, w.Writes(), before)
	}, "v1")
}
