package health

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// endpoints is the check that every service answers 200 on its health path, and
// that the target's release is what answers.
func endpoints(target release.Target, at place) Check {
	return Check{Name: "endpoints", Run: func(ctx context.Context) (string, error) {
		problems := []string{}
		for _, asked := range at.health() {
			if _, problem := examine(ctx, target, at, asked); problem != "" {
				problems = append(problems, problem)
			}
		}
		return conclude(problems, "%d services answer 200", len(at.health()))
	}}
}

// databases is the check that every data store that a service names in its
// health answers that service.
func databases(target release.Target, at place) Check {
	return Check{Name: "databases", Run: func(ctx context.Context) (string, error) {
		problems, slowest := []string{}, map[string]float64{}
		for _, asked := range at.data() {
			answer, problem := examine(ctx, target, at, asked)
			if problem != "" {
				problems = append(problems, problem)
			}
			for name, store := range answer.report().Dependencies {
				slowest[name] = max(slowest[name], store.LatencyMs)
			}
		}
		if len(problems) == 0 && len(slowest) == 0 && len(target.Environment.HealthPaths) > 0 {
			problems = append(problems, "no service tells the state of a data store; its health must list them as dependencies")
		}
		return conclude(problems, "%s", describe(slowest))
	}}
}

func describe(latencies map[string]float64) string {
	if len(latencies) == 0 {
		return "no data stores"
	}
	parts := []string{}
	for _, name := range slices.Sorted(maps.Keys(latencies)) {
		parts = append(parts, fmt.Sprintf("%s answers in %.1f ms", name, latencies[name]))
	}
	return strings.Join(parts, ", ")
}

// rounds is how often the response time check asks each service: with four
// services 20 requests, enough for a 95th percentile that one slow answer, such
// as a first one, does not decide.
const rounds = 5

// responseTime is the check that the 95th percentile of a few requests to all
// services is below the environment's objective. An error page comes fast, so only
// answers as they should be are timed.
func responseTime(target release.Target, at place) Check {
	return Check{Name: "response time", Run: func(ctx context.Context) (string, error) {
		durations, problems, asked := []time.Duration{}, []string{}, 0
		for range rounds {
			for _, endpoint := range at.health() {
				asked++
				if answer, problem := examine(ctx, target, at, endpoint); problem == "" {
					durations = append(durations, answer.Duration)
				}
			}
		}
		if len(durations) < asked {
			problems = append(problems, fmt.Sprintf("%d of %d requests got no good answer", asked-len(durations), asked))
		}
		p95, limit := percentile(durations, 0.95), target.Environment.Thresholds.ResponseTime
		if p95 >= limit {
			problems = append(problems, fmt.Sprintf("95th percentile of %d requests is %s, must be below %s", len(durations), round(p95), limit))
		}
		return conclude(problems, "95th percentile of %d requests is %s, below %s", len(durations), round(p95), limit)
	}}
}

// percentile is the smallest duration that at least the share of all durations
// do not exceed (nearest rank); zero of none.
func percentile(durations []time.Duration, share float64) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(durations))
	rank := 0
	for float64(rank+1) < share*float64(len(sorted)) {
		rank++
	}
	return sorted[rank]
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
