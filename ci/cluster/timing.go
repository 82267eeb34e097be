package cluster

import (
	"context"
	"time"
)

// dialTimeout is how long a connection attempt may take before the server counts as unreachable.
const dialTimeout = 10 * time.Second

// timing holds every duration of this package, so that tests can do with other ones.
type timing struct {
	// handshake limits the first request of Connect.
	handshake time.Duration
	// request limits one attempt of a request that is not a stream.
	request time.Duration
	// recovery is how long after an outage the API server may still refuse what it will allow.
	recovery time.Duration
	// retry paces the attempts of a request.
	retry backoff
}

// backoff is a retry policy: tries with growing pauses in between, up to a number of them or for a time.
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

// pause returns the time to wait after the n-th failed attempt (n from 1). The server may ask for a longer one, which is
// granted as far as the policy's time allows.
func (b backoff) pause(n int, asked time.Duration, began time.Time) time.Duration {
	pause := b.first
	for range n - 1 {
		if pause *= time.Duration(b.factor); pause >= b.longest {
			break
		}
	}
	pause = min(pause, b.longest)
	if b.within > 0 {
		return min(max(pause, asked), max(b.within-time.Since(began), 0))
	}
	return max(pause, min(asked, b.longest))
}

var (
	// productionTiming rides out the restart of an API server (about 12 s of attempts) without hiding an outage.
	productionTiming = timing{
		handshake: 15 * time.Second,
		request:   30 * time.Second,
		recovery:  15 * time.Second,
		retry:     backoff{attempts: 7, first: 200 * time.Millisecond, factor: 2, longest: 5 * time.Second},
	}
	// once is the policy of a request that must not be repeated.
	once = backoff{attempts: 1}
)

// WithOutageBudget is the same connection, whose requests that can be repeated ride out an API server that is away, or
// overloaded, for as long as the budget; zero means that nothing is repeated.
func (c *Cluster) WithOutageBudget(budget time.Duration) *Cluster {
	copied := *c
	copied.timing.retry = once
	if budget > 0 {
		copied.timing.retry = backoff{within: budget, first: 200 * time.Millisecond, factor: 2, longest: 5 * time.Second}
	}
	return &copied
}

// Sleep pauses, and returns false when the context ended first.
func Sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
