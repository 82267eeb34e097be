package cluster

import "time"

// dialTimeout is how long a connection attempt may take before the server counts as unreachable.
const dialTimeout = 10 * time.Second

// timing holds every duration of this package, so that tests can do with other ones.
type timing struct {
	// handshake limits the first request of Connect.
	handshake time.Duration
	// request limits one attempt of a request that is not a stream.
	request time.Duration
	// poll is the pause between two looks at what is being waited for.
	poll time.Duration
	// retry paces the attempts of a request.
	retry backoff
}

// backoff is a retry policy: up to attempts tries with growing pauses in between.
type backoff struct {
	attempts int
	// within, if set, is how long the attempts may go on, however many they are.
	within  time.Duration
	first   time.Duration
	factor  int
	longest time.Duration
}

// over says whether the n-th attempt was the last, the first of which began at a time.
func (b backoff) over(n int, began time.Time) bool {
	if b.within > 0 {
		return time.Since(began) >= b.within
	}
	return n >= b.attempts
}

// pause returns the time to wait after the n-th failed attempt (n from 1).
func (b backoff) pause(n int) time.Duration {
	pause := b.first
	for range min(n-1, 20) {
		pause = min(pause*time.Duration(b.factor), b.longest)
	}
	return pause
}

var (
	// productionTiming rides out the restart of an API server (about 12 s of attempts) without hiding an outage.
	productionTiming = timing{
		handshake: 15 * time.Second,
		request:   30 * time.Second,
		poll:      250 * time.Millisecond,
		retry:     backoff{attempts: 7, first: 200 * time.Millisecond, factor: 2, longest: 5 * time.Second},
	}
	// once is the policy of a request that must not be repeated.
	once = backoff{attempts: 1}
)

// WithOutageBudget is the same connection whose requests that can be repeated ride out an API server that is away, or
// overloaded, for as long as the budget; zero means that nothing is repeated.
func (c *Cluster) WithOutageBudget(budget time.Duration) *Cluster {
	patient := &Cluster{server: c.server, http: c.http, timing: c.timing, resources: c.known()}
	patient.timing.retry = once
	if budget > 0 {
		patient.timing.retry = backoff{within: budget, first: 200 * time.Millisecond, factor: 2, longest: 5 * time.Second}
	}
	return patient
}
