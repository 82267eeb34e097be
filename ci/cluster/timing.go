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
	first    time.Duration
	factor   int
	longest  time.Duration
}

// pause returns the time to wait after the n-th failed attempt (n from 1).
func (b backoff) pause(n int) time.Duration {
	pause := b.first
	for range n - 1 {
		pause *= time.Duration(b.factor)
	}
	return min(pause, b.longest)
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
