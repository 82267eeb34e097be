package rollout

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// after is a world in which releases were deployed one after the other.
func after(t *testing.T, environment config.Environment, versions ...string) *world {
	t.Helper()
	w := scene{environment: environment, before: versions}.set(t)
	w.guard(environment)
	return w
}

func TestRollbackReturnsToTheReleaseBefore(t *testing.T) {
	w := after(t, production, "v1", "v2", "v3")
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
	assert.Equal(t, "v1", result.Release, "the release that was live before v4")
}

func TestRollbackStartsTheParkedSlotAgainAndChangesNothingElseOfIt(t *testing.T) {
	w := after(t, production, "v1", "v2")
	w.writes = nil
	_, err := w.rollback(production, Request{})
	require.NoError(t, err)
	for _, done := range w.writes {
		assert.NotContains(t, []string{"Namespace", "StatefulSet", "Ingress"}, done.ref.Kind, "%s", done)
	}
}

func TestRollbackAppliesWhatWasRecordedByteForByte(t *testing.T) {
	w := after(t, production, "v1", "v2", "v3", "v4")
	// Version 1 was in blue; v4 is in green, so it goes to blue again, and v2 would go there too.
	for _, to := range []string{"v1", "v2"} {
		recorded := map[cluster.Ref]*cluster.Object{}
		again := w.again(t)
		for _, record := range again.history() {
			if record.Release.Version == to {
				objects, err := decode(record.Objects["blue"])
				require.NoError(t, err)
				for _, object := range objects {
					recorded[cluster.RefOf(object)] = object
				}
			}
		}
		applied := map[cluster.Ref]*cluster.Object{}
		again.fakeCluster.applied = func(object *cluster.Object) { applied[cluster.RefOf(object)] = object }
		_, err := again.rollback(production, Request{To: to})
		require.NoError(t, err)
		require.NotEmpty(t, recorded)
		for ref, object := range recorded {
			want, err := json.Marshal(object)
			require.NoError(t, err)
			got, err := json.Marshal(applied[ref])
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got), "%s", ref)
		}
	}
}

func TestRollbackRefusesWhatItCannotReach(t *testing.T) {
	tests := []struct {
		name, to string
		before   []string
		want     string
	}{
		{"never deployed", "", nil, "there is no release to go back to"},
		{"never deployed, named", "3", nil, "nothing was deployed here yet"},
		{"first release", "", []string{"v1"}, "v1 is the first that succeeded here"},
		{"unknown revision", "7", []string{"v1", "v2"}, `"7": no such revision or release; known are 2 (v2), 1 (v1)`},
		{"unknown version", "v9", []string{"v1"}, "known are 1 (v1)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := after(t, production, test.before...)
			_, err := w.rollback(production, Request{To: test.to})
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, w.writes)
		})
	}
}

func TestRollbackRefusesARevisionThatFailed(t *testing.T) {
	w := after(t, production, "v1")
	_, err := w.deploy(production, "breaching")
	require.Error(t, err)
	_, err = w.rollback(production, Request{To: "2"})
	require.ErrorContains(t, err, "revision 2: it is reverted, not succeeded")
}

func TestRollbackToWhatIsLiveChangesNothing(t *testing.T) {
	w := after(t, production, "v1", "v2")
	result, err := w.rollback(production, Request{To: "v2"})
	require.NoError(t, err)
	assert.False(t, result.Changed)
	assert.Empty(t, w.writes)
}

func TestForcedRollbackSwitchesFirstAndStays(t *testing.T) {
	w := after(t, production, "v1", "v2")
	w.sick["v1"] = true
	_, err := w.rollback(production, Request{Force: true})
	var failure *Error
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, StepVerify, failure.Step)
	assert.Equal(t, "v1", w.liveVersion(production), "forced away from v2, it does not go back there by itself")
	assert.Contains(t, failure.Done, "the traffic stays with v1")

	delete(w.sick, "v1")
	_, err = w.deploy(production, "v3")
	require.NoError(t, err)
	w.finished(production, "v3")
}

func TestStagingRollsBackInPlace(t *testing.T) {
	w := after(t, staging, "v1", "v2")
	result, err := w.rollback(staging, Request{})
	require.NoError(t, err)
	assert.Equal(t, 1, w.history()[0].Restores)
	assert.Equal(t, "v1", result.Release)
	w.finished(staging, "v1")
}
