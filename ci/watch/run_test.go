package watch_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/watch"
)

// clock passes time only when someone sleeps.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Sleep(ctx context.Context, pause time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.now = c.now.Add(max(0, pause))
	return nil
}

// source plays back one observation a sample, the last one for good, and takes
// its time over each.
type source struct {
	clock        *clock
	took         time.Duration
	observations []watch.Observation
	err          error
}

func (s *source) Sample(context.Context) (watch.Sample, error) {
	s.clock.now = s.clock.now.Add(s.took)
	if s.err != nil {
		return watch.Sample{}, s.err
	}
	observation := s.observations[0]
	if len(s.observations) > 1 {
		s.observations = s.observations[1:]
	}
	return watch.Sample{Observation: observation, Services: map[string]watch.Observation{"dashboard": observation}}, nil
}

func play(t *testing.T, duration time.Duration, source *source) (watch.Result, error) {
	t.Helper()
	source.clock = &clock{now: start}
	return watch.Run(t.Context(), watch.Options{Duration: duration, Thresholds: thresholds, Clock: source.clock, Source: source})
}

func TestRunToTheEnd(t *testing.T) {
	result, err := play(t, 5*time.Minute, &source{observations: []watch.Observation{healthy}})
	require.NoError(t, err)
	assert.Equal(t, watch.Healthy, result.Verdict.Outcome)
	require.Len(t, result.Samples, 61, "one every five seconds, both ends included")
	assert.Equal(t, start, result.Samples[0].At)
	assert.Equal(t, start.Add(5*time.Minute), result.Samples[60].At)
}

func TestRunChoosesTheInterval(t *testing.T) {
	for _, test := range []struct {
		watch   time.Duration
		samples int
	}{{5 * time.Second, 6}, {24 * time.Second, 13}, {time.Minute, 13}, {62 * time.Second, 14}} {
		result, err := play(t, test.watch, &source{observations: []watch.Observation{healthy}})
		require.NoError(t, err)
		assert.Len(t, result.Samples, test.samples, "watch of %s", test.watch)
		assert.Equal(t, start.Add(test.watch), result.Samples[test.samples-1].At, "the last sample is that of the end")
		assert.Equal(t, watch.Healthy, result.Verdict.Outcome)
	}
}

func TestRunStopsAtTheBreach(t *testing.T) {
	down := watch.Observation{Desired: 3, Probes: 2, ProbeFailures: 2}
	result, err := play(t, 5*time.Minute, &source{observations: []watch.Observation{healthy, healthy, down}})
	require.NoError(t, err)
	assert.Equal(t, watch.Breached, result.Verdict.Outcome)
	assert.Len(t, result.Samples, 5)
}

// Samples that take longer than the interval must neither pile up nor prolong the watch.
func TestRunWithSlowSamples(t *testing.T) {
	result, err := play(t, time.Minute, &source{took: 7 * time.Second, observations: []watch.Observation{healthy}})
	require.NoError(t, err)
	assert.Len(t, result.Samples, 10)
	assert.Equal(t, watch.Healthy, result.Verdict.Outcome)
}

func TestRunOutlivesAFailingSource(t *testing.T) {
	result, err := play(t, time.Minute, &source{err: errors.New("the API server is away")})
	require.NoError(t, err)
	assert.Equal(t, watch.Undecided, result.Verdict.Outcome)
	assert.Equal(t, []string{"the API server is away"}, result.Samples[0].Unread)
}

func TestRunTellsEachSample(t *testing.T) {
	now := &clock{now: start}
	told := []watch.Outcome{}
	result, err := watch.Run(t.Context(), watch.Options{
		Duration: 10 * time.Second, Interval: 5 * time.Second, Thresholds: thresholds, Clock: now,
		Source:   &source{clock: now, observations: []watch.Observation{healthy}},
		OnSample: func(_ watch.Sample, verdict watch.Verdict) { told = append(told, verdict.Outcome) },
	})
	require.NoError(t, err)
	assert.Equal(t, []watch.Outcome{watch.Undecided, watch.Undecided, watch.Healthy}, told)
	assert.Equal(t, "3/3 pods ready, 10 requests, 0 errors, p95 50ms, 0 of 2 probes failed", result.Samples[0].String())
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("the lock was lost")
	now, taken := &clock{now: start}, 0
	result, err := watch.Run(ctx, watch.Options{
		Duration: time.Hour, Thresholds: thresholds, Clock: now,
		Source: &source{clock: now, observations: []watch.Observation{healthy}},
		OnSample: func(watch.Sample, watch.Verdict) {
			if taken++; taken == 2 {
				cancel(reason)
			}
		},
	})
	require.ErrorIs(t, err, reason)
	assert.Len(t, result.Samples, 2)
}
