package rollout

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

func TestDeployMakesTheReleaseLive(t *testing.T) {
	w := after(t, production)
	for i, version := range []string{"v1", "v2", "v3"} {
		result, err := w.deploy(production, version)
		require.NoError(t, err)
		assert.Equal(t, OutcomeSucceeded, result.Outcome)
		assert.Equal(t, i+1, result.Revision)
		assert.Equal(t, []string{"blue", "green", "blue"}[i], result.Slot)
		assert.Equal(t, []string{"", "v1", "v2"}[i], result.Before)
		assert.Equal(t, []string{"", "v1", "v2"}[i], result.Parked)
		assert.True(t, result.Changed)
		w.finished(production, version)
	}
	for _, tag := range []string{"production", "latest"} {
		for _, name := range application.Images() {
			assert.Equal(t, published("v3").Images[name], w.tagged[application.Repository(name)+":"+tag])
		}
	}
}

// Even the first release gets no traffic before it was verified.
func TestTheFirstReleaseIsVerifiedBeforeItIsLive(t *testing.T) {
	w := after(t, production)
	_, err := w.deploy(production, "sick")
	require.Error(t, err)
	for _, service := range application.Services {
		assert.Empty(t, w.behind(production, service.Name))
	}
	_, err = w.deploy(production, "v1")
	require.NoError(t, err)
	w.finished(production, "v1")
}

func TestTheSameReleaseAgainWritesNothing(t *testing.T) {
	for _, environment := range application.Environments {
		t.Run(environment.Name, func(t *testing.T) {
			w := after(t, environment, "v1", "v2")
			result, err := w.deploy(environment, "v2")
			require.NoError(t, err)
			assert.False(t, result.Changed)
			assert.Empty(t, w.writes)
		})
	}
}

// What runs under the name of a release, but is not what was released, is deployed again.
func TestTheSameReleaseIsDeployedAgainWhenItsPodsAreOthers(t *testing.T) {
	w := after(t, production, "v1")
	for ref, object := range w.objects {
		if ref.Kind == "Deployment" {
			containers := object.Object["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)["containers"].([]any)
			containers[0].(map[string]any)["image"] = "registry.example/other@sha256:00"
			w.runPods(object)
		}
	}
	result, err := w.deploy(production, "v1")
	require.NoError(t, err)
	assert.True(t, result.Changed)
	assert.Equal(t, "green", result.Slot)
	w.finished(production, "v1")
}

func TestAFailureBeforeTheSwitchLeavesProductionAlone(t *testing.T) {
	for version, want := range map[string]string{"hanging": "panic: no", "sick": "answered 503"} {
		t.Run(version, func(t *testing.T) {
			w := after(t, production, "v1")
			result, err := w.deploy(production, version)
			var failure *Error
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, OutcomeFailed, result.Outcome)
			assert.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "production was not touched")
			for _, done := range w.writes {
				assert.False(t, done.verb == "patch" && done.ref.Kind == "Service", "%s", done)
			}
			w.finished(production, "v1")
		})
	}
}

// What keeps the pipeline from seeing the front door must not move the traffic there and back.
func TestAFrontDoorThatCannotBeReachedIsFoundBeforeTheSwitch(t *testing.T) {
	w := after(t, production, "v1")
	w.closed = errors.New("certificate of an unknown authority")
	result, err := w.deploy(production, "v2")
	require.ErrorIs(t, err, w.closed)
	assert.Equal(t, OutcomeFailed, result.Outcome)
	w.finished(production, "v1")
}

func TestAFailureAfterTheSwitchSwitchesBack(t *testing.T) {
	for version, want := range map[string]string{"breaching": "error rate 23 %", "unreachable": "answered by release"} {
		t.Run(version, func(t *testing.T) {
			w := after(t, production, "v1")
			result, err := w.deploy(production, version)
			assert.ErrorContains(t, err, want)
			assert.ErrorContains(t, err, "the traffic was switched back to v1 in slot blue")
			assert.Equal(t, OutcomeReverted, result.Outcome)
			assert.Equal(t, OutcomeReverted, w.history()[0].Outcome)
			assert.Contains(t, w.history()[0].Reason, want)
			w.finished(production, "v1")
		})
	}
}

func TestAFailureInStagingBringsTheReleaseBeforeBack(t *testing.T) {
	for _, version := range []string{"hanging", "sick", "breaching"} {
		t.Run(version, func(t *testing.T) {
			w := scene{environment: staging, before: []string{"v1"}}.set(t)
			result, err := w.deploy(staging, version)
			assert.ErrorContains(t, err, "staging was brought back to v1")
			assert.Equal(t, OutcomeReverted, result.Outcome)
			w.finished(staging, "v1")
		})
	}
}

func TestDeployRefusesBeforeItWrites(t *testing.T) {
	tests := []struct {
		name    string
		prepare func(w *world)
		request Request
		want    string
	}{
		{"unknown environment", func(*world) {}, Request{Environment: "prod"}, `unknown environment "prod"`},
		{"half a release", func(*world) {}, Request{Environment: "production", Release: release.Release{Version: "v1"}}, `no image for "dashboard"`},
		{"a namespace of something else", func(w *world) {
			w.objects[namespaceRef(production.Namespace)].SetLabels(map[string]string{render.PartOfLabel: "billing"})
		}, Request{Environment: "production", Release: published("v1")}, `owned by something else: it belongs to "billing"`},
		{"a missing secret", func(w *world) {
			delete(w.objects, cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: production.Namespace, Name: "dashboard-secrets"})
		}, Request{Environment: "production", Release: published("v1")}, "dashboard-secrets"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := after(t, production)
			test.prepare(w)
			_, err := w.deployer().Deploy(t.Context(), test.request)
			require.ErrorContains(t, err, test.want)
			assert.Empty(t, w.writes)
		})
	}
}

func TestANamespaceOfSomethingElseIsTold(t *testing.T) {
	w := after(t, production)
	w.objects[namespaceRef(production.Namespace)].SetLabels(nil)
	_, err := w.deploy(production, "v1")
	var owned *preflight.OwnershipError
	require.ErrorAs(t, err, &owned)
	assert.Contains(t, err.Error(), "kubectl label namespace team-dashboard-prod")
}

// The first read that is refused would name one right; people get to know all of them.
func TestARefusedReadIsToldAsAllRightsThatAreLacking(t *testing.T) {
	w := after(t, production, "v1")
	w.forbidden = map[string]bool{"Service": true, "Lease": true}
	_, err := w.deploy(production, "v2")
	var lacking *preflight.AccessError
	require.ErrorAs(t, err, &lacking)
	assert.Subset(t, lacking.Lacking, []string{"list Service", "patch Service", "create Lease"})
	assert.Empty(t, w.writes)
}

func TestTwoDeploysOneRuns(t *testing.T) {
	w := after(t, production, "v1")
	type ended struct {
		result Result
		err    error
	}
	second := make(chan ended, 1)
	w.before = func(n int, _ write) error {
		if n == 5 {
			go func() {
				result, err := w.deploy(production, "v3")
				second <- ended{result, err}
			}()
		}
		return nil
	}
	// The second one asks for the lock while the first one is being verified.
	w.verifying = func() { second <- <-second }
	_, err := w.deploy(production, "v2")
	require.NoError(t, err)
	refused := <-second
	var locked *cluster.LockedError
	require.ErrorAs(t, refused.err, &locked)
	w.finished(production, "v2")
}

// A run that lost its lock stops at once, wherever it is: nothing is written after that, not even to take it back.
func TestARunThatLostItsLockWritesNothingMore(t *testing.T) {
	base := after(t, production, "v1")
	for n := 1; ; n++ {
		w := base.again(t)
		w.guard(production)
		lost := -1
		w.before = func(at int, _ write) error {
			if at == n && w.holder != nil {
				lost = at
				w.holder.lose(cluster.ErrLockLost)
				w.holder = nil
				return cluster.ErrLockLost
			}
			return nil
		}
		_, err := w.deploy(production, "v2")
		if lost < 0 {
			require.NoError(t, err)
			return
		}
		assert.Len(t, w.writes, lost, "written after the loss at write %d", lost)
		if err == nil {
			continue // it was giving the lock back
		}
		require.ErrorIs(t, err, cluster.ErrLockLost)
	}
}

// A run that sleeps through the loss of its lock wakes up in the middle of its switch: the Services carry another
// run's token by then, and its patches are refused.
func TestASleeperCannotMoveTheTraffic(t *testing.T) {
	w := after(t, production, "v1")
	w.before = func(_ int, done write) error {
		if done.verb == "patch" && done.ref.Kind == "Service" {
			for _, service := range application.Services {
				ref := cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: production.Namespace, Name: service.Name}
				w.objects[ref].SetAnnotations(map[string]string{annotationToken: "another run's"})
			}
		}
		return nil
	}
	_, err := w.deploy(production, "v2")
	require.ErrorIs(t, err, cluster.ErrLockLost)
	assert.Equal(t, "v1", w.liveVersion(production))
}

func TestACancelledRunTakesItselfBack(t *testing.T) {
	w := after(t, production, "v1")
	ctx, cancel := context.WithCancelCause(t.Context())
	w.before = func(_ int, done write) error {
		if done.verb == "patch" && done.ref.Kind == "Service" {
			cancel(errors.New("time is up"))
		}
		return nil
	}
	_, err := w.deployer().Deploy(ctx, Request{Environment: "production", Release: published("v2"), Watch: time.Minute, Holder: "somebody"})
	require.Error(t, err)
	w.finished(production, "v1")
}

func TestTheIdleSlotGetsAsManyPodsAsTheLiveOneHas(t *testing.T) {
	w := scene{environment: production, before: []string{"v1"}}.set(t)
	require.NoError(t, w.Scale(t.Context(), production.Namespace, "dashboard-blue", 7)) // the autoscaler did
	w.guard(production)
	_, err := w.deploy(production, "v2")
	require.NoError(t, err)
	deployment, err := w.Get(t.Context(), cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: production.Namespace, Name: "dashboard-green"})
	require.NoError(t, err)
	assert.Equal(t, 7, replicas(deployment))
}
