package rollout

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

func TestDeployMakesTheReleaseLive(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		for i, version := range []string{"v1", "v2", "v3"} {
			result, err := w.deploy(production, version)
			require.NoError(t, err)
			assert.Equal(t, record.Succeeded, result.Outcome)
			assert.Equal(t, i+1, result.Revision)
			assert.Equal(t, []string{"blue", "green", "blue"}[i], result.Slot)
			assert.Equal(t, []string{"", "v1", "v2"}[i], result.Before)
			assert.Equal(t, []string{"", "v1", "v2"}[i], result.Parked)
			assert.True(t, result.Changed)
			assert.Empty(t, result.Warnings)
			w.finished(production, version)
		}
		for _, tag := range []string{"production", "latest"} {
			for _, name := range application.Images() {
				assert.Equal(t, published("v3").Images[name], w.tagged[application.Repository(name)+":"+tag])
			}
		}
	})
}

// The report claims what the API server answered: what was written is listed as it was, and what was so already is unchanged.
func TestTheResultSaysWhatWasWritten(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		result, err := w.deploy(production, "v2")
		require.NoError(t, err)
		became := map[cluster.Ref]cluster.ChangeAction{}
		for _, change := range result.Changes {
			became[change.Ref] = change.Action
		}
		assert.Equal(t, cluster.Configured, became[serviceRef(production, "dashboard")])
		assert.Equal(t, cluster.Created, became[deploymentRef(production, "dashboard-green")])
		assert.Equal(t, cluster.Scaled, became[deploymentRef(production, "dashboard-blue")])
		assert.Equal(t, cluster.Unchanged, became[cluster.Ref{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy", Namespace: production.Namespace, Name: "postgres"}])
	}, "v1")
}

// Even the first release gets no traffic before it was verified.
func TestTheFirstReleaseIsVerifiedBeforeItIsLive(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.sick["sick"] = true
		_, err := w.deploy(production, "sick")
		require.Error(t, err)
		for _, service := range application.Services {
			assert.Empty(t, w.behind(production, service.Name))
		}
		_, err = w.deploy(production, "v1")
		require.NoError(t, err)
		w.finished(production, "v1")
	})
}

func TestTheSameRevisionAgainWritesNothing(t *testing.T) {
	for _, environment := range application.Environments {
		t.Run(environment.Name, func(t *testing.T) {
			inWorld(t, environment, func(t *testing.T, w *world) {
				before := len(w.Writes())
				result, err := w.deploy(environment, "v2")
				require.NoError(t, err)
				assert.False(t, result.Changed)
				assert.Len(t, w.Writes(), before)
			}, "v1", "v2")
		})
	}
}

// What a person changed by kubectl in an object of ours is gone after the next deploy, the live slot's included.
func TestWhatWasEditedByHandIsGone(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.After = nil // hands do not ask for the lock
		hand := w.NewClient().Cluster()
		for _, name := range []string{"dashboard-blue", "dashboard-green"} {
			_, err := hand.MergePatch(t.Context(), deploymentRef(production, name), map[string]any{"metadata": map[string]any{"labels": map[string]any{"debug": "1"}}})
			require.NoError(t, err)
			object := w.Get(deploymentRef(production, name))
			entries := object.GetManagedFields()
			for i := range entries {
				if entries[i].Operation == "Update" {
					entries[i].Manager = "kubectl-label"
				}
			}
			object.SetManagedFields(entries)
			w.Put(object)
		}
		result, err := w.deploy(production, "v2")
		require.NoError(t, err)
		assert.True(t, result.Changed, "what is live is not as rendered")
		assert.NotContains(t, w.Get(deploymentRef(production, "dashboard-"+result.Slot)).GetLabels(), "debug")
	}, "v1", "v2")
}

func TestAFailureBeforeTheSwitchLeavesTheTraffic(t *testing.T) {
	for version, want := range map[string]string{"hanging": "NotReady", "sick": "answered 503"} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				w.hanging["hanging"], w.sick["sick"] = true, true
				result, err := w.deploy(production, version)
				var failure *Error
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, record.Failed, result.Outcome)
				assert.ErrorContains(t, err, want)
				assert.ErrorContains(t, err, "no traffic of production had moved")
				w.finished(production, "v1")
			}, "v1")
		})
	}
}

// What keeps the pipeline from seeing the front door must not move the traffic there and back.
func TestAFrontDoorThatCannotBeReachedIsFoundBeforeTheSwitch(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.closed = errors.New("certificate of an unknown authority")
		result, err := w.deploy(production, "v2")
		require.ErrorIs(t, err, w.closed)
		assert.Equal(t, record.Failed, result.Outcome)
		w.finished(production, "v1")
	}, "v1")
}

func TestAFailureAfterTheSwitchSwitchesBack(t *testing.T) {
	for version, want := range map[string]string{"breaching": "error rate 23 %", "unreachable": "answered by release"} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				w.breaching["breaching"], w.unreachable["unreachable"] = true, true
				result, err := w.deploy(production, version)
				assert.ErrorContains(t, err, want)
				assert.ErrorContains(t, err, "the traffic was switched back to v1 in slot blue")
				assert.Equal(t, record.Reverted, result.Outcome)
				assert.Equal(t, record.Reverted, w.records(production)[0].Outcome)
				assert.Contains(t, w.records(production)[0].Reason, want)
				w.finished(production, "v1")
			}, "v1")
		})
	}
}

func TestAFailureInStagingBringsThePreviousReleaseBack(t *testing.T) {
	for _, version := range []string{"hanging", "sick", "breaching"} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, staging, func(t *testing.T, w *world) {
				w.hanging["hanging"], w.sick["sick"], w.breaching["breaching"] = true, true, true
				result, err := w.deploy(staging, version)
				assert.ErrorContains(t, err, "staging was brought back to v1")
				assert.Equal(t, record.Reverted, result.Outcome)
				w.finished(staging, "v1")
			}, "v1")
		})
	}
}

func TestDeployRefusesBeforeItWrites(t *testing.T) {
	namespace := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: production.Namespace}
	tests := []struct {
		name    string
		prepare func(w *world)
		request Request
		want    string
	}{
		{"unknown environment", func(*world) {}, Request{Environment: "prod"}, `unknown environment "prod"`},
		{"half a release", func(*world) {}, Request{Environment: "production", Release: release.Release{Version: "v1"}}, `no image for "dashboard"`},
		{"a namespace of something else", func(w *world) {
			object := w.Get(namespace)
			object.SetLabels(map[string]string{render.PartOfLabel: "billing"})
			w.Put(object)
		}, Request{Environment: "production", Release: published("v1")}, `owned by something else: it belongs to "billing"`},
		{"what another room finds", func(w *world) { w.halfDone = errors.New("a restore was interrupted") },
			Request{Environment: "production", Release: published("v1")}, "a restore was interrupted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				test.prepare(w)
				_, err := w.deployer().Deploy(t.Context(), test.request)
				require.ErrorContains(t, err, test.want)
				assert.Empty(t, w.Writes())
			})
		})
	}
}

// The first read that is refused would name one right; people get to know all of them.
func TestARefusedReadIsToldAsAllRightsThatAreLacking(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.Forbid("Service")
		w.Forbid("Lease")
		before := len(w.Writes())
		_, err := w.deploy(production, "v2")
		var lacking *access.LackingError
		require.ErrorAs(t, err, &lacking)
		assert.Subset(t, lacking.Rights, []string{"list Service", "patch Service", "create Lease"})
		assert.Len(t, w.Writes(), before)
	}, "v1")
}

func TestTwoDeploysOneRuns(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		refused := make(chan error, 1)
		w.verifying = func() {
			w.verifying = nil
			_, err := w.deploy(production, "v3")
			refused <- err
		}
		_, err := w.deploy(production, "v2")
		require.NoError(t, err)
		var held *lock.HeldError
		require.ErrorAs(t, <-refused, &held)
		w.finished(production, "v2")
	}, "v1")
}

// A process that was frozen in the middle of a write, and wakes when another run has come and gone, changes nothing that the
// other one relies on, and says that it lost its lock.
func TestAFrozenRunWritesNothingMore(t *testing.T) {
	deploy := scene{name: "second deploy", main: true, environment: production, before: []string{"v1"}, command: deploying(production, "v2")}
	deploy.play(t, func(t *testing.T, base *world) {
		for n := 0; ; n += deploy.stride() {
			w := base.again(t)
			w.guard(production)
			froze := false
			sleeper := w.client
			sleeper.Fault = func(at int, _ clustertest.Write) clustertest.Fault {
				if at == n {
					froze = true
					return clustertest.Freeze
				}
				return clustertest.None
			}
			ended := make(chan error, 1)
			go func() {
				_, err := w.deploy(production, "v2")
				ended <- err
			}()
			select {
			case err := <-ended:
				require.NoError(t, err)
				require.False(t, froze)
				return
			case <-sleeper.Frozen():
			}
			time.Sleep(time.Minute)
			w.next()
			_, err := w.deploy(production, "other")
			require.NoError(t, err)
			before := w.Writes()
			w.After = nil
			sleeper.Wake()
			lost := <-ended
			if lost == nil {
				continue // it had not got the lock yet, or was giving it back
			}
			w.finished(production, "other")
			for _, write := range w.Writes()[len(before):] {
				// A name that was free may be taken, and is given back at once.
				assert.Contains(t, []string{"create", "delete"}, write.Verb, "%s by a sleeper", write)
			}
			assert.ErrorIs(t, lost, lock.ErrLost)
			if t.Failed() {
				t.Fatalf("frozen at write %d: %v", n, lost)
			}
		}
	})
}

func TestACancelledRunTakesItselfBack(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w.client.Fault = func(_ int, write clustertest.Write) clustertest.Fault {
			if write.Ref.Kind == "Service" && write.Ref.Name == "dashboard" {
				cancel(errors.New("time is up"))
			}
			return clustertest.None
		}
		_, err := w.deployer().Deploy(ctx, Request{Environment: "production", Release: published("v2"), Watch: time.Minute, Holder: "somebody"})
		require.Error(t, err)
		w.finished(production, "v1")
	}, "v1")
}

func TestTheIdleSlotGetsAsManyPodsAsTheLiveOneHas(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.After = nil // autoscalers do not ask for the lock
		require.NoError(t, w.NewClient().Cluster().Scale(t.Context(), production.Namespace, "dashboard-blue", 7))
		_, err := w.deploy(production, "v2")
		require.NoError(t, err)
		replicas, _, _ := unstructured.NestedInt64(w.Get(deploymentRef(production, "dashboard-green")).Object, "spec", "replicas")
		assert.EqualValues(t, 7, replicas)
	}, "v1")
}

// A registry that accepts and never answers holds up nothing: what was decided is recorded before the tags move.
func TestARegistryThatNeverAnswersHoldsUpNothing(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		w.tagging = func(ctx context.Context) error {
			assert.Equal(t, record.Succeeded, w.records(production)[0].Outcome)
			<-ctx.Done()
			return context.Cause(ctx)
		}
		began := time.Now()
		result, err := w.deploy(production, "v2")
		require.NoError(t, err)
		assert.Less(t, time.Since(began), 5*time.Minute)
		require.Len(t, result.Warnings, 1)
		assert.Contains(t, result.Warnings[0], "moving image tags")
		w.tagging = nil
		w.finished(production, "v2")
	}, "v1")
}
