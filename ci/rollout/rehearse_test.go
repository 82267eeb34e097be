package rollout

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// waiting is a cluster whose pods become ready, or do not, as a test says.
type waiting struct {
	*fakeCluster
	ready func(ctx context.Context) error
}

func (w waiting) WaitReady(ctx context.Context, _ string, _ []string, _ cluster.WaitOptions) error {
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
			stopped := false
			w.smoking = func(ctx context.Context) error {
				<-ctx.Done()
				stopped = true
				return context.Cause(ctx)
			}
			err := deployWaiting(w, production, func(context.Context) error { return c.ready })
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
