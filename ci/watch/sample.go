// Package watch observes a release that takes the traffic and decides whether it
// may stay. Samples are data: they are recorded, and Decide says the same of
// them whenever it is asked.
package watch

import (
	"fmt"
	"time"
)

// Sample is what was seen of a release at one moment: of all its services
// together, and of each.
type Sample struct {
	At time.Time `json:"at"`
	// The figures of all services: sums, but for P95, which is that of all
	// requests, and ProbeTime, which is the slowest.
	Observation
	// Services are the figures by service.
	Services map[string]Observation `json:"services,omitempty"`
	// Unread says what could not be observed, in sentences. A sample without
	// services was not observed at all and takes no part in a decision.
	Unread []string `json:"unread,omitempty"`
}

// Observation are the figures of one service, or of all.
type Observation struct {
	// Requests and Errors count what the pods answered since the sample before,
	// Errors the answers with a status of 500 and above. Both are zero in the first
	// sample, which only sets the mark.
	Requests float64 `json:"requests"`
	Errors   float64 `json:"errors"`
	// P95 is the 95th percentile of those requests' durations, by the pods' own
	// clocks; zero when there were none.
	P95 time.Duration `json:"p95"`
	// Restarts counts the containers' restarts since the first sample.
	Restarts int `json:"restarts"`
	// Ready and Desired count pods.
	Ready   int `json:"ready"`
	Desired int `json:"desired"`
	// Probes counts the pipeline's own requests for this sample, ProbeFailures
	// those without the answer that they should have got.
	Probes        int `json:"probes"`
	ProbeFailures int `json:"probeFailures"`
	// ProbeTime is how long the slowest answered probe took.
	ProbeTime time.Duration `json:"probeTime"`
	// Failure is one of the failed probes, in a sentence.
	Failure string `json:"failure,omitempty"`
}

// total is the sum of the services' figures, with the 95th percentile of all
// requests given, since percentiles do not add up.
func total(services map[string]Observation, p95 time.Duration) Observation {
	sum := Observation{P95: p95}
	for _, service := range services {
		sum.Requests += service.Requests
		sum.Errors += service.Errors
		sum.Restarts += service.Restarts
		sum.Ready += service.Ready
		sum.Desired += service.Desired
		sum.Probes += service.Probes
		sum.ProbeFailures += service.ProbeFailures
		sum.ProbeTime = max(sum.ProbeTime, service.ProbeTime)
	}
	return sum
}

// String is a line for the person who watches.
func (s Sample) String() string {
	if len(s.Services) == 0 {
		return "not observed"
	}
	line := fmt.Sprintf("%d/%d pods ready, %.0f requests, %.0f errors, p95 %s, %d of %d probes failed",
		s.Ready, s.Desired, s.Requests, s.Errors, s.P95.Round(time.Millisecond), s.ProbeFailures, s.Probes)
	if s.Restarts > 0 {
		line += fmt.Sprintf(", %d restarts", s.Restarts)
	}
	return line
}
