package watch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/watch"
)

// source plays back one observation a sample, the last one for good, and takes
// its time over each.
type source struct {
	took         time.Duration
	observations []watch.Observation
	err          error
}

func (s *source) Sample(context.Context) (watch.Sample, error) {
	time.Sleep(s.took)
	if s.err != nil {
		return watch.Sample{}, s.err
	}
	observation := s.observations[0]
	if len(s.observations) > 1 {
		s.observations = s.observations[1:]
	}
	return watch.Sample{Observation: observation, Services: map[string]watch.Observation{"dashboard": observation}}, nil
}

// play runs a watch on a clock that passes time only while everybody waits.
func play(t *testing.T, duration time.Duration, source *source) (result watch.Result, began time.Time, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began = time.Now()
		result, err = watch.Run(t.Context(), watch.Options{Duration: duration, Thresholds: thresholds, Source: source})
	})
	return result, began, err
}

func TestRunToTheEnd(t *testing.T) {
	result, began, err := play(t, 5*time.Minute, &source{observations: []watch.Observation{healthy}})
	require.NoError(t, err)
	assert.Equal(t, watch.Healthy, result.Verdict.Outcome)
	require.Len(t, result.Samples, 61, "one every five seconds, both ends included")
	assert.WithinDuration(t, began, result.Samples[0].At, 0)
	assert.WithinDuration(t, began.Add(5*time.Minute), result.Samples[60].At, 0)
}

func TestRunChoosesTheInterval(t *testing.T) {
	for _, test := range []struct {
		watch   time.Duration
		samples int
	}{{5 * time.Second, 6}, {24 * time.Second, 13}, {time.Minute, 13}, {62 * time.Second, 14}} {
		result, began, err := play(t, test.watch, &source{observations: []watch.Observation{healthy}})
		require.NoError(t, err)
		assert.Len(t, result.Samples, test.samples, "watch of %s", test.watch)
		assert.WithinDuration(t, began.Add(test.watch), result.Samples[test.samples-1].At, 0, "the last sample is that of the end")
		assert.Equal(t, watch.Healthy, result.Verdict.Outcome)
	}
}

func TestRunStopsAtTheBreach(t *testing.T) {
	down := watch.Observation{Desired: 3, Probes: 2, ProbeFailures: 2}
	result, _, err := play(t, 5*time.Minute, &source{observations: []watch.Observation{healthy, healthy, down}})
	require.NoError(t, err)
	assert.Equal(t, watch.Breached, result.Verdict.Outcome)
	assert.Len(t, result.Samples, 5)
}

// Samples that take longer than the interval must neither pile up nor prolong the watch.
func TestRunWithSlowSamples(t *testing.T) {
	result, _, err := play(t, time.Minute, &source{took: 7 * time.Second, observations: []watch.Observation{healthy}})
	require.NoError(t, err)
	assert.Len(t, result.Samples, 10)
	assert.Equal(t, watch.Healthy, result.Verdict.Outcome)
}

func TestRunOutlivesAFailingSource(t *testing.T) {
	result, _, err := play(t, time.Minute, &source{err: errors.New("the API server is away")})
	require.NoError(t, err)
	assert.Equal(t, watch.Undecided, result.Verdict.Outcome)
	assert.Equal(t, []string{"the API server is away"}, result.Samples[0].Unread)
}

func TestRunTellsEachSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := []watch.Outcome{}
		result, err := watch.Run(t.Context(), watch.Options{
			Duration: 10 * time.Second, Interval: 5 * time.Second, Thresholds: thresholds,
			Source:   &source{observations: []watch.Observation{healthy}},
			OnSample: func(_ watch.Sample, verdict watch.Verdict) { told = append(told, verdict.Outcome) },
		})
		require.NoError(t, err)
		assert.Equal(t, []watch.Outcome{watch.Undecided, watch.Undecided, watch.Healthy}, told)
		assert.Equal(t, "3/3 pods ready, 10 requests, 0 errors, p95 50ms, 0 of 2 probes failed", result.Samples[0].String())
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		reason := errors.New("the lock was lost")
		taken := 0
		result, err := watch.Run(ctx, watch.Options{
			Duration: time.Hour, Thresholds: thresholds,
			Source: &source{observations: []watch.Observation{healthy}},
			OnSample: func(watch.Sample, watch.Verdict) {
				if taken++; taken == 2 {
					cancel(reason)
				}
			},
		})
		require.ErrorIs(t, err, reason)
		assert.Len(t, result.Samples, 2)
	})
}
