package rollout

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
)

func (w *world) observer() Observer {
	return Observer{Application: application, Cluster: w.fakeCluster, Clock: w}
}

func TestStatusOfAnEmptyEnvironment(t *testing.T) {
	for _, environment := range application.Environments {
		status, err := after(t, environment).observer().Status(t.Context(), environment.Name)
		require.NoError(t, err)
		assert.Nil(t, status.Live)
		assert.Empty(t, status.Problems)
		assert.Equal(t, []string{"dagger call deploy --env " + environment.Name}, status.Next)
	}
}

func TestStatusSaysWhatIsLiveAndParked(t *testing.T) {
	w := after(t, production, "v1", "v2")
	status, err := w.observer().Status(t.Context(), "production")
	require.NoError(t, err)
	assert.Equal(t, &Placement{Release: "v2", Slot: "green", Revision: 2, Since: w.Now()}, status.Live)
	assert.Equal(t, &Placement{Release: "v1", Slot: "blue", Revision: 1, Since: w.Now()}, status.Parked)
	assert.Empty(t, status.Problems)
	require.Len(t, status.Services, len(application.Services))
	for _, service := range status.Services {
		assert.Equal(t, service.Desired, service.Ready)
		assert.Positive(t, service.Ready)
		assert.True(t, service.AsReleased)
	}
	assert.Equal(t, 2, status.Last.Revision)
	assert.Nil(t, status.Running)
}

func TestStatusFindsWhatIsNotAsReleased(t *testing.T) {
	const (
		tag   = "registry.example/dashboard:latest"
		other = "registry.example/dashboard@sha256:00"
	)
	released := published("v1").Images["dashboard"]
	tests := map[string]struct {
		image, reported string
		want            string
	}{
		"as released":                            {image: released, reported: released},
		"a tag that leads to it":                 {image: tag, reported: released},
		"by another index with the same image":   {image: released, reported: other},
		"by the id that the node gave the image": {image: released, reported: "sha256:00"},
		"another digest":                         {image: other, reported: other, want: "sha256:00"},
		"a tag that leads elsewhere":             {image: tag, reported: other, want: "sha256:00"},
		"an index whose image the node had":      {image: other, reported: released, want: "sha256:00"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := after(t, production, "v1")
			for i := 0; w.runs(t, fmt.Sprintf("dashboard-blue-pod-%d", i), test.image, test.reported); i++ {
			}
			status, err := w.observer().Status(t.Context(), "production")
			require.NoError(t, err)
			assert.Equal(t, test.want == "", status.Services[0].AsReleased)
			if test.want == "" {
				assert.Empty(t, status.Problems)
			} else {
				assert.Equal(t, []string{"dashboard: its pods do not run what was released, but " + test.want}, status.Problems)
			}
		})
	}
	t.Run("one pod of several", func(t *testing.T) {
		w := after(t, production, "v1")
		require.True(t, w.runs(t, "dashboard-blue-pod-0", other, other))
		status, err := w.observer().Status(t.Context(), "production")
		require.NoError(t, err)
		assert.Equal(t, []string{"dashboard: its pods do not run what was released, but mixed"}, status.Problems)
	})
}

// runs gives a pod of production's an image, and what its node reports of it; it says whether there is such a pod.
func (w *world) runs(t *testing.T, name, image, reported string) bool {
	pod, there := w.objects[cluster.Ref{APIVersion: "v1", Kind: "Pod", Namespace: production.Namespace, Name: name}]
	if !there {
		return false
	}
	for list, field := range map[[2]string][2]string{
		{"spec", "containers"}:          {"image", image},
		{"status", "containerStatuses"}: {"imageID", reported},
	} {
		containers, _, err := unstructured.NestedSlice(pod.Object, list[:]...)
		require.NoError(t, err)
		containers[0].(map[string]any)[field[0]] = field[1]
		require.NoError(t, unstructured.SetNestedSlice(pod.Object, containers, list[:]...))
	}
	return true
}

func TestStatusNamesARestoreThatHasNotEnded(t *testing.T) {
	w := after(t, production, "v1", "v2")
	claim := w.left("v1", "PersistentVolumeClaim", "data-postgres-0")
	claim.SetAnnotations(map[string]string{preflight.RestoreMark: "restore --env production --latest --force", preflight.RestoreBegan: "2026-11-23T12:00:00Z"})
	w.store(claim)
	status, err := w.observer().Status(t.Context(), "production")
	require.NoError(t, err)
	require.Len(t, status.Problems, 1)
	assert.Contains(t, status.Problems[0], "finish it: dagger call restore --env production --latest --force")

	for _, run := range []func() (Result, error){
		func() (Result, error) { return w.deploy(production, "v3") },
		func() (Result, error) { return w.rollback(production, Request{}) },
	} {
		written := len(w.writes)
		_, err := run()
		assert.ErrorContains(t, err, status.Problems[0])
		assert.Len(t, w.writes, written, "something was written")
	}
}

// killedInSwitch is production after a deploy of v2 died when it had moved one of the Services.
func killedInSwitch(t *testing.T) *world {
	w := after(t, production, "v1")
	moved := 0
	w.before = func(_ int, done write) error {
		if done.verb == "patch" && done.ref.Kind == "Service" {
			moved++
		}
		if moved == 2 {
			return errKilled
		}
		return nil
	}
	_, err := w.deploy(production, "v2")
	require.Error(t, err)
	w.revive()
	return w
}

func TestStatusTellsAnInterruptedRunAndWhatFinishesIt(t *testing.T) {
	w := killedInSwitch(t)
	status, err := w.observer().Status(t.Context(), "production")
	require.NoError(t, err)
	require.NotNil(t, status.Running)
	assert.Equal(t, StepSwitch, status.Running.Step)
	assert.False(t, status.Running.Alive)
	assert.Len(t, status.Problems, 2, "%q", status.Problems)
	assert.Equal(t, []string{"dagger call deploy --env production --release v2", "dagger call rollback --env production"}, status.Next)
	for _, next := range []command{deploying(production, "v2"), rollingBack(production, Request{})} {
		_, err := next(w.again(t))
		require.NoError(t, err, "what status advises must work")
	}
}

func TestARunIsAliveWhileItsLeaseIs(t *testing.T) {
	w := killedInSwitch(t)
	lease := (&fakeLock{namespace: production.Namespace}).ref()
	for _, test := range []struct {
		age   time.Duration
		alive bool
	}{{time.Second, true}, {time.Minute, false}} {
		w.objects[lease].Object["spec"] = map[string]any{"holderIdentity": "somebody", "leaseDurationSeconds": int64(15),
			"renewTime": w.Now().Add(-test.age).Format("2006-01-02T15:04:05.000000Z07:00")}
		status, err := w.observer().Status(t.Context(), "production")
		require.NoError(t, err)
		assert.Equal(t, test.alive, status.Running.Alive, "renewed %s ago", test.age)
	}
}

func TestHistoryListsRunsTheNewestFirst(t *testing.T) {
	w := after(t, production, "v1", "v2")
	_, err := w.deploy(production, "breaching")
	require.Error(t, err)
	_, err = w.rollback(production, Request{})
	require.NoError(t, err)
	history, err := w.observer().History(t.Context(), "production")
	require.NoError(t, err)
	var said []string
	for _, entry := range history.Entries {
		text := entry.Release + " " + string(entry.Outcome)
		if entry.Live {
			text += " live"
		}
		if entry.Parked {
			text += " parked"
		}
		said = append(said, text)
	}
	assert.Equal(t, []string{"v1 succeeded live", "breaching reverted", "v2 succeeded parked", "v1 succeeded"}, said)
	assert.Equal(t, 1, history.Entries[0].Restores)
}

func TestObserverRefusesAnUnknownEnvironment(t *testing.T) {
	_, err := after(t, production).observer().Status(t.Context(), "prod")
	require.ErrorContains(t, err, `unknown environment "prod"`)
}

func TestOldRecordsGoAndTheirObjectsWithThem(t *testing.T) {
	w := after(t, production)
	deployer := w.deployer()
	deployer.Options.KeptRecords = 3
	for _, version := range []string{"v1", "v2", "v3", "v4", "v5"} {
		_, err := deployer.Deploy(t.Context(), Request{Environment: "production", Release: published(version), Holder: "somebody"})
		require.NoError(t, err)
	}
	var kept []string
	for _, record := range w.history() {
		kept = append(kept, record.Release.Version)
	}
	assert.Equal(t, []string{"v5", "v4", "v3"}, kept)
	configured := w.list("v1", "ConfigMap", production.Namespace, "app.kubernetes.io/version")
	assert.Equal(t, []string{"v3", "v4", "v5"}, versions(configured))
	w.finished(production, "v5")
}

func TestTheRecordOfWhatIsParkedStaysWhateverItsAge(t *testing.T) {
	w := after(t, production, "v1", "v2")
	deployer := w.deployer()
	deployer.Options.KeptRecords = 1
	for range 3 {
		_, err := w.deploy(production, "sick")
		require.Error(t, err)
	}
	_, err := deployer.Rollback(t.Context(), Request{Environment: "production", Holder: "somebody"})
	require.NoError(t, err)
	w.finished(production, "v1")
	var kept []int
	for _, record := range w.history() {
		kept = append(kept, record.Revision)
	}
	assert.Equal(t, []int{6, 2}, kept, "the rollback, and v2 in the parked slot")
}

func TestAnEnvironmentNeedsTwoSlotsOrNone(t *testing.T) {
	_, err := strategyOf(config.Environment{Name: "odd", Strategy: config.BlueGreen, Slots: []string{"red"}})
	assert.ErrorContains(t, err, `environment "odd"`)
}

func TestPreviewSaysWhatADeployWouldDo(t *testing.T) {
	w := after(t, production, "v1")
	preview, err := w.deployer().Preview(t.Context(), Request{Environment: "production", Release: published("v2")})
	require.NoError(t, err)
	assert.True(t, preview.Changes)
	assert.Equal(t, "green", preview.Slot)
	assert.Equal(t, "v1", preview.Before)
	assert.Contains(t, preview.Objects, "Deployment/dashboard-green")
	require.NoError(t, preview.Checks.Err())
	assert.Empty(t, w.writes)
}
