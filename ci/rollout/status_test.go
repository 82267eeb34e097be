package rollout

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/record"
)

func TestStatusOfAnEmptyEnvironment(t *testing.T) {
	for _, environment := range application.Environments {
		inWorld(t, environment, func(t *testing.T, w *world) {
			status, err := w.observer().Status(t.Context(), environment.Name)
			require.NoError(t, err)
			assert.Nil(t, status.Live)
			assert.Empty(t, status.Problems)
			assert.Equal(t, []string{"dagger call deploy --env " + environment.Name}, status.Next)
		})
	}
}

func TestStatusSaysWhatIsLiveAndParked(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		status, err := w.observer().Status(t.Context(), "production")
		require.NoError(t, err)
		assert.Equal(t, "v2 green 2", placed(status.Live))
		assert.Equal(t, "v1 blue 1", placed(status.Parked))
		assert.Empty(t, status.Problems)
		require.Len(t, status.Services, len(application.Services))
		for _, service := range status.Services {
			assert.Equal(t, service.Desired, service.Ready)
			assert.Positive(t, service.Ready)
			assert.True(t, service.AsReleased)
		}
		assert.Equal(t, 2, status.Last.Revision)
		assert.Nil(t, status.Running)
	}, "v1", "v2")
}

func placed(p *Placement) string {
	if p == nil {
		return ""
	}
	return p.Release + " " + p.Slot + " " + string(rune('0'+p.Revision))
}

func TestStatusFindsWhatIsNotAsReleased(t *testing.T) {
	const other = "registry.example/dashboard@sha256:00"
	for name, test := range map[string]struct {
		pods int
		want string
	}{
		"one pod of several": {1, "mixed"},
		"every pod":          {3, "sha256:00"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				w.After = nil
				pods := w.List("v1", "Pod", production.Namespace, map[string]string{"app": "dashboard"})
				for _, pod := range pods[:test.pods] {
					containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
					containers[0].(map[string]any)["image"] = other
					require.NoError(t, unstructured.SetNestedSlice(pod.Object, containers, "spec", "containers"))
					w.Put(pod)
				}
				status, err := w.observer().Status(t.Context(), "production")
				require.NoError(t, err)
				assert.Equal(t, []string{"dashboard: its pods do not run what was released, but " + test.want}, status.Problems)

				// It is deployed again: what runs under the name of a release is not what was released.
				result, err := w.deploy(production, "v1")
				require.NoError(t, err)
				assert.True(t, result.Changed)
				assert.Equal(t, "green", result.Slot)
			}, "v1")
		})
	}
}

// killedInSwitch is production after a deploy of v2 died when it had moved one of the Services.
func killedInSwitch(t *testing.T, w *world) {
	moved := 0
	w.client.Fault = func(_ int, done clustertest.Write) clustertest.Fault {
		if done.Ref.Kind == "Service" && (done.Ref.Name == "dashboard" || done.Ref.Name == "agent-manager") {
			if moved++; moved == 2 {
				return clustertest.Kill
			}
		}
		return clustertest.None
	}
	_, err := w.deploy(production, "v2")
	require.Error(t, err)
	w.next()
}

func TestStatusTellsAnInterruptedRunAndWhatFinishesIt(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		killedInSwitch(t, w)
		time.Sleep(time.Minute)
		status, err := w.observer().Status(t.Context(), "production")
		require.NoError(t, err)
		require.NotNil(t, status.Running)
		assert.Equal(t, record.StepSwitch, status.Running.Step)
		assert.False(t, status.Running.Alive)
		assert.Len(t, status.Problems, 2, "%q", status.Problems)
		assert.Equal(t, []string{"dagger call deploy --env production --release v2", "dagger call rollback --env production"}, status.Next)
		for _, next := range []command{deploying(production, "v2"), rollingBack(production, Request{})} {
			_, err := next(w.again(t))
			require.NoError(t, err, "what status recommends must work")
		}
	}, "v1")
}

func TestARunIsAliveWhileItsLeaseIs(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		killedInSwitch(t, w)
		for _, alive := range []bool{true, false} {
			status, err := w.observer().Status(t.Context(), "production")
			require.NoError(t, err)
			assert.Equal(t, alive, status.Running.Alive)
			time.Sleep(time.Minute)
		}
		assert.NotNil(t, w.Get(lock.Ref(production.Namespace)))
	}, "v1")
}

func TestHistoryListsRunsTheNewestFirst(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.breaching["breaching"] = true
		_, err := w.deploy(production, "breaching")
		require.Error(t, err)
		_, err = w.rollback(production, Request{})
		require.NoError(t, err)
		w.After = nil
		w.damage(production, 3)
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
		assert.Equal(t, []string{"v1 succeeded live", "v2 succeeded parked", "v1 succeeded"}, said)
		assert.Equal(t, 1, history.Entries[0].Restores)
		require.Len(t, history.Damaged, 1)
		assert.Contains(t, history.Damaged[0], "record 3 cannot be read")
	}, "v1", "v2")
}

func TestObserverRefusesAnUnknownEnvironment(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		_, err := w.observer().Status(t.Context(), "prod")
		require.ErrorContains(t, err, `unknown environment "prod"`)
	})
}

func TestOldRecordsGoAndTheirObjectsWithThem(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		deployer := w.deployer()
		deployer.Options.KeptRecords = 3
		for _, version := range []string{"v1", "v2", "v3", "v4", "v5"} {
			_, err := deployer.Deploy(t.Context(), Request{Environment: "production", Release: published(version), Holder: "somebody"})
			require.NoError(t, err)
		}
		var kept []string
		for _, r := range w.records(production) {
			kept = append(kept, r.Release.Version)
		}
		assert.Equal(t, []string{"v5", "v4", "v3"}, kept)
		w.finished(production, "v5")
	})
}

func TestTheRecordOfWhatIsParkedStaysWhateverItsAge(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.sick["sick"] = true
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
		for _, r := range w.records(production) {
			kept = append(kept, r.Revision)
		}
		assert.Equal(t, []int{6, 2}, kept, "the rollback, and v2 in the parked slot")
	}, "v1", "v2")
}

func TestAnEnvironmentNeedsTwoSlotsOrNone(t *testing.T) {
	assert.ErrorContains(t, checkStrategy(config.Environment{Name: "odd", Strategy: config.BlueGreen, Slots: []string{"red"}}), `environment "odd"`)
}

func TestPreviewSaysWhatADeployWouldDo(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		before := len(w.Writes())
		preview, err := w.deployer().Preview(t.Context(), Request{Environment: "production", Release: published("v2")})
		require.NoError(t, err)
		assert.True(t, preview.Changes)
		assert.Equal(t, "green", preview.Slot)
		assert.Equal(t, "v1", preview.Before)
		assert.Contains(t, preview.Objects, "Deployment/dashboard-green")
		require.NoError(t, preview.Checks.Err())
		assert.Len(t, w.Writes(), before)
	}, "v1")
}

// Whatever is deployed, rolled back or pruned: what keeps state is never deleted, so it is never made anew.
func TestNothingThatKeepsStateIsEverDeleted(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.sick["sick"] = true
		var left []*cluster.Object
		for kind, version := range map[string]string{"StatefulSet": "apps/v1", "PersistentVolumeClaim": "v1", "Secret": "v1"} {
			left = append(left, w.left(version, kind, "left-behind"))
		}
		for _, version := range []string{"v1", "v2", "sick", "v3"} {
			_, _ = w.deploy(production, version)
		}
		result, err := w.deploy(production, "v4")
		require.NoError(t, err)
		require.Len(t, result.Warnings, 2)
		assert.Contains(t, result.Warnings[0], `StatefulSet "left-behind" in namespace "team-dashboard-prod" is not in the manifests any more`)
		assert.Contains(t, result.Warnings[1], "kubectl -n team-dashboard-prod delete persistentvolumeclaim/left-behind")
		result, err = w.rollback(production, Request{})
		require.NoError(t, err)
		assert.Empty(t, result.Warnings, "a rollback does not ask the manifests")
		for _, object := range left {
			assert.NotNil(t, w.Get(cluster.RefOf(object)))
		}
		for _, done := range w.Writes() {
			assert.False(t, done.Verb == "delete" && (done.Ref.Kind == "StatefulSet" || done.Ref.Kind == "PersistentVolumeClaim"), "%s", done)
		}
	})
}

// left puts an object into the cluster that looks as if an old release had left it.
func (w *world) left(apiVersion, kind, name string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
	object.SetName(name)
	object.SetNamespace(production.Namespace)
	object.SetLabels(map[string]string{"app.kubernetes.io/part-of": application.Name, "app.kubernetes.io/version": "v0", labelManagedBy: cluster.FieldManager})
	w.Put(object)
	return object
}
