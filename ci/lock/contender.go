package lock

import (
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// HeldError says that somebody else holds the lock.
type HeldError struct {
	Namespace string
	Holder    string
	Command   string
	Since     time.Time
	// Expires is when the lock ends unless it is renewed, by the holder's clock.
	Expires time.Time
	// Remaining is the time until then, by this machine's clock; a holder that is alive renews it again and again.
	Remaining time.Duration
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("locking namespace %q: %s; wait for it to end, or, if it died, for the lock to expire", e.Namespace, e.describe())
}

func (e *HeldError) describe() string {
	return fmt.Sprintf("%s is running %q since %s (the lock expires in %d s unless it is renewed)",
		e.Holder, e.Command, e.Since.UTC().Format("15:04:05 MST"), int(e.Remaining.Round(time.Second).Seconds()))
}

// contender is one request's view of the holders before it.
//
// Clocks of other machines are not trusted: a foreign lock counts as expired when it was seen unchanged for its whole
// duration (the rule of client-go's leader election), by looks that were all answered. While the API server is away no
// holder can renew, so after a look that failed, or a gap between two looks, the duration begins anew.
type contender struct {
	request   Request
	namespace string
	began     time.Time
	seen      claim
	since     time.Time // when seen was seen first, without a gap since; zero when nothing was
	looked    time.Time // when it was seen last
	away      time.Time // since when no look was answered; zero when the last one was
	told      string    // the token of the holder that Progress was told of
	alive     bool      // whether a holder was seen to renew, or to take the lock
}

// see notes the holder's claim.
func (c *contender) see(read lease) {
	now := time.Now()
	current := read.claim()
	if current != c.seen {
		c.alive = c.alive || c.seen != claim{} && current.token != ""
	}
	if current != c.seen || c.since.IsZero() || now.Sub(c.looked) > longestGap(read) {
		c.since = now
	}
	c.seen, c.looked, c.away = current, now, time.Time{}
}

// longestGap is the longest time between two looks that still counts as having looked all the time: a holder renews four
// times in its life.
func longestGap(read lease) time.Duration { return max(read.duration()/4, 4*poll) }

// isExpired says whether the claim was seen unchanged for its whole duration.
func (c *contender) isExpired(read lease) bool { return time.Since(c.since) >= read.duration() }

// miss notes a look, or a try to take the lock, that failed. It returns an error that no further try can overcome.
func (c *contender) miss(err error) error {
	if cluster.IsConflict(err) {
		return nil // somebody was faster, or an answer was lost on its way: look again
	}
	if !cluster.IsTransient(err) {
		return fmt.Errorf("locking namespace %q: %w", c.namespace, err)
	}
	now := time.Now()
	if c.away.IsZero() {
		c.away = now
		c.request.Progress(fmt.Sprintf("waiting for the API server: %v", err))
	}
	if away := now.Sub(c.away); away >= c.request.Outage {
		return fmt.Errorf("locking namespace %q: no answer for %s: %w", c.namespace, away.Round(time.Second), err)
	}
	c.since = time.Time{}
	return nil
}

// wait refuses the request when it has waited long enough, and says whom for otherwise.
func (c *contender) wait(read lease) error {
	refused := read.heldError(c.namespace)
	if c.alive && time.Since(c.began) >= c.request.Wait {
		return refused
	}
	if c.told != c.seen.token {
		c.told = c.seen.token
		c.request.Progress("waiting for the lock: " + refused.describe())
	}
	return nil
}
