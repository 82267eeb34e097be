package watch

import (
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// rule returns how a series breaks it, in a sentence; empty when it does not.
type rule func(s series, thresholds config.Thresholds, watch time.Duration) string

func restarted(s series, thresholds config.Thresholds, _ time.Duration) string {
	if len(s.points) == 0 {
		return ""
	}
	if restarts := s.points[len(s.points)-1].Restarts; restarts > thresholds.Restarts {
		return fmt.Sprintf("%s: %d container restarts, at most %d are borne", s.name, restarts, thresholds.Restarts)
	}
	return ""
}

// down sees a dead service in three samples, without waiting for a minute to pass.
func down(s series, _ config.Thresholds, _ time.Duration) string {
	if s.latest(func(p point) bool { return p.Desired > 0 && p.Ready == 0 }) {
		return fmt.Sprintf("%s: no pod ready in the last %d samples", s.name, minSamples)
	}
	return ""
}

func unready(s series, _ config.Thresholds, watch time.Duration) string {
	stretch := min(unreadyFor, watch)
	asked := func(p point) bool { return p.Desired > 0 }
	if s.lasted(stretch, asked, func(p point) bool { return p.Ready < p.Desired }) {
		latest := s.points[len(s.points)-1]
		return fmt.Sprintf("%s: %d of %d pods ready, too few for the last %s", s.name, latest.Ready, latest.Desired, stretch)
	}
	return ""
}

func failing(s series, _ config.Thresholds, _ time.Duration) string {
	if !s.latest(func(p point) bool { return p.ProbeFailures > 0 && 2*p.ProbeFailures >= p.Probes }) {
		return ""
	}
	latest := s.points[len(s.points)-1]
	reason := fmt.Sprintf("%s: %d of %d probes failed, and as many in the samples before", s.name, latest.ProbeFailures, latest.Probes)
	if latest.Failure != "" {
		reason += ": " + latest.Failure
	}
	return reason
}

// tally sums up answers, and the samples in which some of them failed.
type tally struct {
	all, failed float64
	samples     int
}

func (t *tally) add(all, failed float64) {
	t.all += all
	t.failed += failed
	if failed > 0 {
		t.samples++
	}
}

func (t tally) rate() float64 {
	if t.all == 0 {
		return 0
	}
	return t.failed / t.all
}

// enough says whether the tally makes a rate, see Decide.
func (t tally) enough() bool {
	return t.all >= minRequests && t.failed >= minErrors && t.samples >= minSamples
}

func (s series) tallies(window time.Duration) (requests, probes tally) {
	for _, p := range s.last(window) {
		requests.add(p.Requests, p.Errors)
		probes.add(float64(p.Probes), float64(p.ProbeFailures))
	}
	return requests, probes
}

func erring(s series, thresholds config.Thresholds, watch time.Duration) string {
	requests, probes := s.tallies(min(thresholds.ErrorWindow, watch))
	for _, kind := range []struct {
		name string
		tally
	}{{"requests", requests}, {"probes", probes}} {
		if kind.enough() && kind.rate() > thresholds.ErrorRateRollback {
			return fmt.Sprintf("%s: %.1f %% of %.0f %s failed, more than %g %%",
				s.name, 100*kind.rate(), kind.all, kind.name, 100*thresholds.ErrorRateRollback)
		}
	}
	return ""
}

// responseTime is what the pods measured or, where they had nothing to answer,
// what the probes did; zero when neither measured anything.
func (p point) responseTime() time.Duration {
	if p.Requests > 0 {
		return p.P95
	}
	return p.ProbeTime
}

func slow(s series, thresholds config.Thresholds, watch time.Duration) string {
	stretch, limit := min(slowFor, watch), thresholds.ResponseTimeRollback
	answered := func(p point) bool { return p.responseTime() > 0 }
	if s.lasted(stretch, answered, func(p point) bool { return p.responseTime() > limit }) {
		return fmt.Sprintf("%s: response time (p95) above %s in every sample of the last %s, %s in the latest",
			s.name, limit, stretch, s.points[len(s.points)-1].responseTime().Round(time.Millisecond))
	}
	return ""
}

// warn compares the whole watch with the objectives, which are stricter than
// what undoes a release.
func warn(all []series, thresholds config.Thresholds) []string {
	warnings := []string{}
	for _, s := range all {
		requests, probes := s.tallies(s.points[len(s.points)-1].at.Sub(s.points[0].at))
		failed, total := requests.failed+probes.failed, requests.all+probes.all
		if rate := (tally{all: total, failed: failed}).rate(); rate > thresholds.ErrorRate {
			warnings = append(warnings, fmt.Sprintf("%s: %.0f of %.0f requests and probes failed, the objective is below %g %%", s.name, failed, total, 100*thresholds.ErrorRate))
		}
		if latest := s.points[len(s.points)-1].responseTime(); latest > thresholds.ResponseTime {
			warnings = append(warnings, fmt.Sprintf("%s: response time (p95) was %s at the end, the objective is %s", s.name, latest.Round(time.Millisecond), thresholds.ResponseTime))
		}
	}
	return warnings
}
