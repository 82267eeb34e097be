package rollout

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// waiting is a cluster whose pods become ready, or do not, as a test says.
type waiting struct {
	*fakeCluster
	ready func(ctx context.Context) error
}

func (w waiting) WaitReady(ctx context.Context, _ string, _ []string, _ workload.Options) error {
	return w.ready(ctx)
}

func deployWaiting(w *world, environment config.Environment, ready func(context.Context) error) error {
	deployer := w.deployer()
	deployer.Cluster = waiting{w.fakeCluster, ready}
	_, err := deployer.Deploy(w.t.Context(), Request{Environment: environment.Name, Release: published("v2"), Holder: "somebody"})
	return err
}

func TestTheSmokeSuiteStartsWhileThePodsDo(t *testing.T) {
	w := after(t, production, "v1")
	begun := make(chan struct{})
	w.smoking = func(context.Context) error { close(begun); return nil }
	require.NoError(t, deployWaiting(w, production, func(ctx context.Context) error { return receive(ctx, begun) }))
	w.finished(production, "v2")
}

// clock does something whenever somebody sleeps.
type clock struct {
	Clock
	sleeping func()
}

func (c clock) Sleep(ctx context.Context, pause time.Duration) error {
	c.sleeping()
	return c.Clock.Sleep(ctx, pause)
}

func TestTheSmokeSuiteDoesNotMeetPodsThatEnd(t *testing.T) {
	w := after(t, production, "v1", "v2")
	// Just parked: it still takes requests.
	ending := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod"}}
	ending.SetName("ending")
	ending.SetNamespace(production.Namespace)
	ending.SetDeletionTimestamp(&metav1.Time{Time: w.now})
	ending.SetLabels(map[string]string{render.AppLabel: "dashboard", render.SlotLabel: "blue", render.VersionLabel: "v1", render.PartOfLabel: application.Name})
	w.store(ending)
	begun := make(chan struct{})
	w.smoking = func(ctx context.Context) error {
		defer close(begun)
		if _, err := w.Get(ctx, cluster.RefOf(ending)); err == nil {
			return errors.New("begun too early")
		}
		return nil
	}
	deployer := w.deployer()
	deployer.Cluster = waiting{w.fakeCluster, func(ctx context.Context) error { return receive(ctx, begun) }}
	deployer.Clock = clock{deployer.Clock, func() { _ = w.Delete(t.Context(), cluster.RefOf(ending)) }}
	_, err := deployer.Rollback(t.Context(), Request{Environment: production.Name, Holder: "somebody"})
	require.NoError(t, err)
	w.finished(production, "v1")
}

// In an environment without slots the pods of the release before would answer the flows as well.
func TestWithoutASlotTheSmokeSuiteWaitsForThePods(t *testing.T) {
	w := after(t, staging, "v1")
	ready := make(chan struct{})
	w.smoking = func(context.Context) error {
		select {
		case <-ready:
			return nil
		default:
			return errors.New("begun too early")
		}
	}
	require.NoError(t, deployWaiting(w, staging, func(context.Context) error { close(ready); return nil }))
}

func TestTheSmokeSuiteEndsWithTheRun(t *testing.T) {
	for name, c := range map[string]struct {
		sick  bool
		ready error
		says  string
	}{
		"the pods never become ready": {ready: errRefused, says: errRefused.Error()},
		"the release is not healthy":  {sick: true, says: "answered 503"},
	} {
		t.Run(name, func(t *testing.T) {
			w := after(t, production, "v1")
			w.sick["v2"] = c.sick
			begun, stopped := make(chan struct{}), false
			w.smoking = func(ctx context.Context) error {
				close(begun)
				<-ctx.Done()
				stopped = true
				return context.Cause(ctx)
			}
			err := deployWaiting(w, production, func(ctx context.Context) error { return errors.Join(receive(ctx, begun), c.ready) })
			require.ErrorContains(t, err, c.says)
			assert.True(t, stopped)
			w.finished(production, "v1")
		})
	}
}

func receive(ctx context.Context, channel chan struct{}) error {
	select {
	case <-channel:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
