package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/render"
)

func TestRollbackReturnsToThePreviousRevision(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		for _, step := range []struct{ live, slot string }{{"v2", "green"}, {"v1", "blue"}} {
			result, err := w.rollback(production, Request{})
			require.NoError(t, err)
			assert.Equal(t, step.live, result.Release)
			assert.Equal(t, step.slot, result.Slot)
			w.finished(production, step.live)
		}
		_, err := w.rollback(production, Request{})
		require.ErrorIs(t, err, ErrNothingToGoBackTo)
		w.finished(production, "v1")

		_, err = w.deploy(production, "v4")
		require.NoError(t, err)
		result, err := w.rollback(production, Request{})
		require.NoError(t, err)
		assert.Equal(t, "v1", result.Release, "the revision that was live before v4")
	}, "v1", "v2", "v3")
}

// What keeps state is no rollback's business, and neither is the namespace.
func TestRollbackLeavesWhatKeepsStateAlone(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		before := len(w.Writes())
		_, err := w.rollback(production, Request{})
		require.NoError(t, err)
		for _, done := range w.Writes()[before:] {
			assert.NotContains(t, []string{"Namespace", "StatefulSet"}, done.Ref.Kind, "%s", done)
		}
	}, "v1", "v2")
}

// A slot that is gone back to is what was recorded, field by field, configuration included.
func TestRollbackAppliesWhatWasRecorded(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		// Version 1 was in blue; v4 is in green, so it goes to blue again, and v2 would go there too.
		for _, to := range []string{"v1", "v2"} {
			again := w.again(t)
			var recorded []*cluster.Object
			for _, r := range again.records(production) {
				if r.Release.Version == to {
					layers, err := r.Objects.Unpack()
					require.NoError(t, err)
					recorded = layers.Slots["blue"]
				}
			}
			_, err := again.rollback(production, Request{To: to})
			require.NoError(t, err)
			require.NotEmpty(t, recorded)
			for _, object := range recorded {
				live := again.Get(cluster.RefOf(object))
				require.NotNil(t, live, "%s", cluster.RefOf(object))
				applied, err := again.client.Cluster().Apply(t.Context(), object, cluster.ApplyOptions{DryRun: true})
				require.NoError(t, err)
				for _, of := range []*cluster.Object{live, applied} {
					unstructured.RemoveNestedField(of.Object, "spec", "replicas") // as many as are needed
				}
				for _, field := range []string{"spec", "data"} {
					assert.Equal(t, applied.Object[field], live.Object[field], "%s of %s", field, cluster.RefOf(object))
				}
			}
		}
	}, "v1", "v2", "v3", "v4")
}

func TestRollbackRefusesWhatItCannotReach(t *testing.T) {
	tests := []struct {
		name, to string
		before   []string
		want     string
	}{
		{"never deployed", "", nil, "there is no revision to go back to"},
		{"never deployed, named", "3", nil, "nothing was deployed here yet"},
		{"first release", "", []string{"v1"}, "revision 1 (v1) is the first that succeeded here"},
		{"unknown revision", "7", []string{"v1", "v2"}, `"7": no such revision or release; known are 2 (v2), 1 (v1)`},
		{"unknown version", "v9", []string{"v1"}, "known are 1 (v1)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				before := len(w.Writes())
				_, err := w.rollback(production, Request{To: test.to})
				require.ErrorContains(t, err, test.want)
				assert.Len(t, w.Writes(), before)
			}, test.before...)
		})
	}
}

func TestRollbackRefusesARevisionThatFailed(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.breaching["breaching"] = true
		_, err := w.deploy(production, "breaching")
		require.Error(t, err)
		_, err = w.rollback(production, Request{To: "2"})
		require.ErrorContains(t, err, "revision 2: it is reverted, not succeeded")
	}, "v1")
}

func TestForcedRollbackSwitchesFirstAndStays(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.sick["v1"] = true
		_, err := w.rollback(production, Request{Force: true})
		var failure *Error
		require.ErrorAs(t, err, &failure)
		assert.Equal(t, record.StepVerify, failure.Step)
		assert.Equal(t, "v1", w.liveVersion(production), "forced away from v2, it does not go back there by itself")
		assert.Contains(t, failure.Done, "the traffic stays with v1")

		delete(w.sick, "v1")
		_, err = w.deploy(production, "v3")
		require.NoError(t, err)
		w.finished(production, "v3")
	}, "v1", "v2")
}

// narrowed are the repository's manifests with a database that lets nobody in any more, and another way through the Ingress.
var narrowed = edited{edit: func(_ render.LayerName, object *cluster.Object) *cluster.Object {
	switch {
	case object.GetKind() == "NetworkPolicy" && object.GetName() == "postgres":
		_ = unstructured.SetNestedSlice(object.Object, []any{}, "spec", "ingress")
	case object.GetKind() == "Ingress":
		object.SetAnnotations(map[string]string{"changed": "yes"})
	}
	return object
}}

// Rules that the live revision lives on are not narrowed before the new one was found good; what it then turns out to miss
// comes back, and the traffic with it.
func TestWhatIsNarrowedAndMissedComesBack(t *testing.T) {
	for _, version := range []string{"hanging", "v2"} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				w.hanging["hanging"] = true
				w.manifests = narrowed
				result, err := w.deploy(production, version)
				require.Error(t, err)
				w.finished(production, "v1")
				policy := w.Get(cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: production.Namespace, Name: "postgres"})
				rules, _, _ := unstructured.NestedSlice(policy.Object, "spec", "ingress")
				assert.NotEmpty(t, rules, "the database lets the services in again")
				route := w.Get(cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: production.Namespace, Name: "dashboard-ingress"})
				assert.NotContains(t, route.GetAnnotations(), "changed")
				assert.True(t, w.records(production)[0].Restored)
				assert.NotEqual(t, record.Succeeded, result.Outcome)
			}, "v1")
		})
	}
}

// Routes change with the switch, and come back with it.
func TestRoutesFollowTheTraffic(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		changed := edited{edit: func(_ render.LayerName, object *cluster.Object) *cluster.Object {
			if object.GetKind() == "Ingress" {
				object.SetAnnotations(map[string]string{"changed": "yes"})
			}
			return object
		}}
		route := func() map[string]string {
			return w.Get(cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: production.Namespace, Name: "dashboard-ingress"}).GetAnnotations()
		}
		w.manifests = changed
		w.verifying = func() {
			w.verifying = nil
			assert.NotContains(t, route(), "changed", "not before the traffic")
		}
		_, err := w.deploy(production, "v2")
		require.NoError(t, err)
		assert.Contains(t, route(), "changed")
		_, err = w.rollback(production, Request{})
		require.NoError(t, err)
		assert.NotContains(t, route(), "changed")
		w.finished(production, "v1")
	}, "v1")
}
