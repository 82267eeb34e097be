package lock

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Request says who wants the lock of a namespace, and for how long it waits for it.
type Request struct {
	// Holder is the name that others are shown: a person or a CI run.
	Holder string
	// Command is what the holder is doing, in the words of the prompt.
	Command string
	// Application is whose objects are fenced when the lock is taken over from a run that died.
	Application string
	// TTL is how long the lock outlives its holder's last sign of life, in whole seconds; zero means DefaultTTL.
	TTL time.Duration
	// Wait is how long to wait for a holder that is alive. Whether it is, it shows by renewing, which it does four times
	// in its TTL: until then, or until its TTL has passed, it is waited for whatever Wait is. So a command that is
	// repeated at once after its run was killed is not refused by its own dead run.
	Wait time.Duration
	// Outage is how long the API server may be away, at any step, before the run gives up; zero means DefaultOutage.
	Outage time.Duration
	// Progress is told whom the request is waiting for. Nil is fine.
	Progress func(line string)
}

const (
	// DefaultTTL lets a dead run be taken over soon.
	DefaultTTL = 30 * time.Second
	// DefaultOutage is a little above the five minutes that a control plane may be away.
	DefaultOutage = 6 * time.Minute
)

// poll is the pause between two looks at a Lease that somebody else holds.
const poll = 250 * time.Millisecond

// longestGap is the longest time between two looks that still counts as having looked all the time.
const longestGap = 5 * time.Second

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

// Acquire takes the Lease of a namespace. A held one is waited for, or refused with a *HeldError. The lock is held until
// Release, or until the context ends.
//
// Clocks of other machines are not trusted: a foreign lock counts as expired when it was seen unchanged for its whole
// duration (the rule of client-go's leader election), by looks that were all answered: an API server that is away is no
// dead holder.
func Acquire(ctx context.Context, api *cluster.Cluster, namespace string, request Request) (*Held, error) {
	request.TTL, request.Outage = cmp.Or(request.TTL, DefaultTTL), cmp.Or(request.Outage, DefaultOutage)
	held := newHeld(api, namespace, request)
	contender := contender{request: request, began: time.Now()}
	for {
		read, err := held.lease(ctx)
		if err != nil {
			return nil, err
		}
		contender.look(read)
		if read.token() == held.token { // the answer to our write was lost
			return held.begin(ctx, contender.unclean)
		}
		if read.holder() == "" || contender.expired(read) {
			contender.unclean = !read.exists || read.holder() != ""
			err := held.take(ctx, read)
			if err == nil {
				return held.begin(ctx, contender.unclean)
			}
			if !cluster.IsConflict(err) && !cluster.IsTransient(err) {
				return nil, err
			}
			continue // somebody was faster, or an answer was lost on its way: look again
		}
		if refused := read.heldError(namespace); !contender.wait(read, refused) {
			return nil, refused
		}
		if !sleep(ctx, poll) {
			return nil, fmt.Errorf("locking namespace %q: %w", namespace, context.Cause(ctx))
		}
	}
}

// contender is one request's view of the holders before it.
type contender struct {
	request Request
	began   time.Time
	seen    claim
	since   time.Time // when seen was seen first, by this machine's clock
	looked  time.Time // when it was seen last
	told    string    // the token of the holder that Progress was told of
	alive   bool      // whether a holder was seen to renew, or to take the lock
	unclean bool      // whether the Lease was taken from a holder that did not give it back
}

// look notes the holder's claim. After a gap nobody knows what happened meanwhile: the claim counts from now on.
func (c *contender) look(read lease) {
	now := time.Now()
	if current := read.claim(); current != c.seen {
		c.alive = c.alive || !c.since.IsZero() && current.token != ""
		c.seen, c.since = current, now
	} else if now.Sub(c.looked) > longestGap {
		c.since = now
	}
	c.looked = now
}

// expired says whether the claim was seen unchanged for its whole duration.
func (c *contender) expired(read lease) bool { return time.Since(c.since) >= read.duration() }

// wait says whether to go on waiting, and whom for.
func (c *contender) wait(read lease, refused *HeldError) bool {
	if c.alive && time.Since(c.began) >= c.request.Wait {
		return false
	}
	if c.told != c.seen.token {
		c.told = c.seen.token
		if c.request.Progress != nil {
			c.request.Progress("waiting for the lock: " + refused.describe())
		}
	}
	return true
}

func newToken() string { return rand.Text() }

// sleep pauses, and returns false when the context ended first.
func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
