package watch

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// Source observes a release; Collector is the real one. Run fills in the time.
type Source interface {
	Sample(ctx context.Context) (Sample, error)
}

// Options are what Run needs.
type Options struct {
	// Duration is how long to watch, Interval the time from one sample to the
	// next; zero leaves the interval to the duration.
	Duration, Interval time.Duration
	Thresholds         config.Thresholds
	Source             Source
	// OnSample, if set, is told each sample as it comes, and the verdict so far.
	OnSample func(Sample, Verdict)
}

// Result is the evidence of a watch and what it came to.
type Result struct {
	Samples []Sample `json:"samples"`
	Verdict Verdict  `json:"verdict"`
}

// maxInterval is the interval of a watch of a minute and more.
const maxInterval = 5 * time.Second

// interval makes a short watch take a dozen samples too, though not more than one
// a second.
func (o Options) interval() time.Duration {
	if o.Interval > 0 {
		return o.Interval
	}
	return max(time.Second, min(maxInterval, o.Duration/12))
}

// Run takes samples until a threshold is broken or the duration is over. What
// could not be sampled is part of the result, since one lost answer of the API
// server must not end a watch; the only error is that of the context.
func Run(ctx context.Context, options Options) (Result, error) {
	result, start := Result{}, time.Now()
	for due := start; ; due = due.Add(options.interval()) {
		if end := start.Add(options.Duration); due.After(end) {
			due = end
		}
		if !cluster.Sleep(ctx, time.Until(due)) {
			return result, context.Cause(ctx)
		}
		at := time.Now()
		sample, err := options.Source.Sample(ctx)
		if ctx.Err() != nil {
			return result, context.Cause(ctx)
		}
		if err != nil {
			sample = Sample{Unread: []string{err.Error()}}
		}
		sample.At = at
		result.Samples = append(result.Samples, sample)
		result.Verdict = Decide(result.Samples, options.Thresholds, options.Duration)
		if options.OnSample != nil {
			options.OnSample(sample, result.Verdict)
		}
		if result.Verdict.Outcome != Undecided || at.Sub(start) >= options.Duration {
			return result, nil
		}
	}
}
