package watch

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// Outcome is what the samples say of a release.
type Outcome string

const (
	// Healthy: the watch is over and no threshold was broken.
	Healthy Outcome = "healthy"
	// Breached: a threshold was broken; the release must go.
	Breached Outcome = "breached"
	// Undecided: the watch is not over, or too little could be observed.
	Undecided Outcome = "undecided"
)

// Verdict is a decision and what it rests on.
type Verdict struct {
	Outcome Outcome `json:"outcome"`
	// Reason is a sentence that names the service and the figures.
	Reason string `json:"reason"`
	// Warnings say where a healthy release misses the objectives, without being
	// bad enough to go.
	Warnings []string `json:"warnings,omitempty"`
}

// What the rules take as enough to judge by. The thresholds themselves are the
// environment's.
const (
	// minSamples is the least number of samples in which a trouble must show, so
	// that a passing one does not count.
	minSamples = 3
	// minRequests is the least number of requests that make a rate, and minErrors
	// the least of them that must have failed: one failure out of three says
	// nothing, twenty out of twenty are enough.
	minRequests = 20
	minErrors   = 5
	// slowFor is how long "consistently" is, for response times.
	slowFor = 30 * time.Second
	// unreadyFor is how long a service may have fewer ready pods than it asks for:
	// enough for the autoscaler's new pods to start.
	unreadyFor = time.Minute
)

// Decide judges a release by the samples taken so far of a watch that is to last
// the given time. It is a function of its arguments alone.
//
// A release has breached when, for one service or for all together,
//
//   - its containers restarted more often than Thresholds.Restarts;
//   - no pod was ready in three samples in a row, or fewer than asked for in all
//     samples of the last minute;
//   - at least half of the probes failed in each of three samples in a row;
//   - the share of failed requests, or of failed probes, was above
//     Thresholds.ErrorRateRollback over the window: the last
//     Thresholds.ErrorWindow, or the watch so far when that is shorter. At least
//     20 requests, 5 failures, and failures in 3 samples make a rate;
//   - the 95th percentile (where the pods had no requests, the slowest probe) was
//     above Thresholds.ResponseTimeRollback consistently: in all samples of the
//     last 30 seconds that measured it, at least three.
//
// When the watch is shorter than one of these times, that time is the watch.
// Otherwise the release is undecided until the watch is over, and healthy then,
// if at least three samples observed requests or probes.
func Decide(samples []Sample, thresholds config.Thresholds, watch time.Duration) Verdict {
	over := len(samples) > 0 && samples[len(samples)-1].At.Sub(samples[0].At) >= watch
	samples = observed(samples)
	for _, series := range split(samples) {
		for _, rule := range []rule{restarted, down, unready, failing, erring, slow} {
			if reason := rule(series, thresholds, watch); reason != "" {
				return Verdict{Outcome: Breached, Reason: reason}
			}
		}
	}
	switch {
	case !over:
		return Verdict{Outcome: Undecided, Reason: "the watch is not over"}
	case measured(samples) < minSamples:
		return Verdict{Outcome: Undecided, Reason: fmt.Sprintf("only %d samples observed requests or probes, %d are needed to judge", measured(samples), minSamples)}
	}
	return Verdict{Outcome: Healthy, Reason: fmt.Sprintf("no threshold broken in %s", watch), Warnings: warn(split(samples), thresholds)}
}

func observed(samples []Sample) []Sample {
	return slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return len(s.Services) == 0 })
}

func measured(samples []Sample) int {
	count := 0
	for _, sample := range samples {
		if sample.Requests > 0 || sample.Probes > 0 {
			count++
		}
	}
	return count
}

// series are the figures of one service over time, or those of all together.
type series struct {
	name   string
	points []point
}

type point struct {
	at time.Time
	Observation
}

// split gives a series for each service, by name, and last the one of all.
func split(samples []Sample) []series {
	byName, all := map[string]*series{}, series{name: "all services"}
	for _, sample := range samples {
		for name, observation := range sample.Services {
			if byName[name] == nil {
				byName[name] = &series{name: name}
			}
			byName[name].points = append(byName[name].points, point{sample.At, observation})
		}
		all.points = append(all.points, point{sample.At, sample.Observation})
	}
	result := []series{}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		result = append(result, *byName[name])
	}
	return append(result, all)
}

// last gives the points of the latest stretch of time, both its ends included.
func (s series) last(stretch time.Duration) []point {
	if len(s.points) == 0 {
		return nil
	}
	from := s.points[len(s.points)-1].at.Add(-stretch)
	first := slices.IndexFunc(s.points, func(p point) bool { return !p.at.Before(from) })
	return s.points[first:]
}

// lasted says whether a condition held at every one of the points that it
// applies to, over the whole of the latest stretch, which must hold at least
// minSamples of those.
func (s series) lasted(stretch time.Duration, applies, holds func(point) bool) bool {
	if len(s.points) == 0 || s.points[len(s.points)-1].at.Sub(s.points[0].at) < stretch {
		return false
	}
	points := slices.DeleteFunc(slices.Clone(s.last(stretch)), func(p point) bool { return !applies(p) })
	return len(points) >= minSamples && !slices.ContainsFunc(points, func(p point) bool { return !holds(p) })
}

// latest says whether a condition held at each of the latest minSamples points.
func (s series) latest(holds func(point) bool) bool {
	points := s.points[max(0, len(s.points)-minSamples):]
	return len(points) == minSamples && !slices.ContainsFunc(points, func(p point) bool { return !holds(p) })
}
