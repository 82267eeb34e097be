package cluster

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

const jobPath = "/apis/batch/v1/namespaces/shop/jobs/smoke"

func smokeJob() *Object {
	return &Object{Object: map[string]any{"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"name": "smoke", "namespace": "shop", "uid": "smoke"}}}
}

func running() *kinds.Pod {
	return withStatus(kinds.ContainerStatus{Name: "smoke", State: kinds.ContainerState{Running: &kinds.ContainerStateRunning{}}})
}

// ends lets the Job controller report the Job's end.
func (s shop) ends(condition string) {
	s.set(s.t, jobPath, []any{map[string]any{"type": condition, "status": "True"}}, "status", "conditions")
}

func TestRunJob(t *testing.T) {
	for condition, want := range map[string]bool{"Complete": true, "Failed": false} {
		t.Run(condition, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.put(t, jobPath, smokeJob().Object) // left behind by an earlier run
				time.AfterFunc(5*time.Second, func() { s.pod("smoke-1", "smoke", waiting("ContainerCreating", "")) })
				time.AfterFunc(10*time.Second, func() { s.pod("smoke-1", "smoke", running()) })
				s.fail(answer("/pods/smoke-1/log", 200, "ok login 12 ms\n"))
				time.AfterFunc(20*time.Second, func() { s.ends(condition) })
				var output bytes.Buffer
				succeeded, err := s.RunJob(t.Context(), smokeJob(), JobOptions{Output: &output})
				require.NoError(t, err)
				assert.Equal(t, want, succeeded)
				assert.Equal(t, "ok login 12 ms\n", output.String())
				assert.Nil(t, s.get(jobPath), "it is deleted")
			})
		})
	}
}

func TestRunJobThatCannotRun(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(shop)
		reason  string
	}{
		{"image not found", func(s shop) { s.pod("smoke-1", "smoke", waiting("ErrImagePull", pullNotFound)) }, "ErrImagePull"},
		{"pod refused", func(s shop) { s.event("Job", "smoke", "Warning", "FailedCreate", notSecure) }, "FailedCreate"},
		{"out of time", func(shop) {}, "NotReady"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				test.arrange(s)
				start := time.Now()
				_, err := s.RunJob(t.Context(), smokeJob(), JobOptions{Budget: time.Minute, Output: &bytes.Buffer{}})
				var failure *WaitError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, test.reason, failure.Reason)
				assert.Contains(t, failure.Object, `Job "smoke" in namespace "shop"`)
				assert.Equal(t, test.reason == "NotReady", time.Since(start) >= time.Minute)
				assert.Nil(t, s.get(jobPath), "it is deleted")
			})
		})
	}
}

// satisfied has heard enough with the first words.
type satisfied struct{ text bytes.Buffer }

func (s *satisfied) Write(text []byte) (int, error) {
	n, _ := s.text.Write(text)
	return n, ErrEnough
}

func TestRunJobEndsWhenEnoughWasHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.pod("smoke-1", "smoke", running()) // and the Job never gets a condition
		s.fail(answer("/pods/smoke-1/log", 200, "ok login 12 ms\n"))
		var output satisfied
		succeeded, err := s.RunJob(t.Context(), smokeJob(), JobOptions{Output: &output})
		require.NoError(t, err)
		assert.True(t, succeeded)
		assert.Equal(t, "ok login 12 ms\n", output.text.String())
		assert.Nil(t, s.get(jobPath), "it is deleted")
	})
}

func TestRunJobHearsOnlyItsOwnPod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.pod("smoke-0", "earlier", running()) // of a Job of that name, deleted, but its pod has not ended yet
		s.fail(answer("/pods/smoke-0/log", 200, "words of another run\n"))
		s.fail(answer("/pods/smoke-1/log", 200, "ok login 12 ms\n"))
		time.AfterFunc(5*time.Second, func() { s.pod("smoke-1", "smoke", running()); s.ends("Complete") })
		var output bytes.Buffer
		_, err := s.RunJob(t.Context(), smokeJob(), JobOptions{Output: &output})
		require.NoError(t, err)
		assert.Equal(t, "ok login 12 ms\n", output.String())
	})
}

func TestRunJobIsDeletedWhenTheCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(10*time.Second, func() { cancel(ErrLockLost) })
		_, err := s.RunJob(ctx, smokeJob(), JobOptions{Output: &bytes.Buffer{}})
		assert.ErrorIs(t, err, ErrLockLost)
		assert.Nil(t, s.get(jobPath))
	})
}
