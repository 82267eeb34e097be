package lock

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Request says who wants the lock of a namespace, and for how long it waits for it.
type Request struct {
	// Holder is the name that others are shown: a person or a CI run.
	Holder string
	// Command is what the holder is doing, in the words of the prompt.
	Command string
	// Application is whose objects are fenced when the lock is taken over from a run that died: those that carry its name
	// in the label app.kubernetes.io/part-of.
	Application string
	// TTL is how long the lock outlives its holder's last sign of life, in whole seconds; zero means DefaultTTL.
	TTL time.Duration
	// Wait is how long to wait for a holder that is alive. Whether it is, it shows by renewing, which it does four times
	// in its TTL: until then, or until its TTL has passed, it is waited for whatever Wait is. So a command that is
	// repeated at once after its run was killed is not refused by its own dead run.
	Wait time.Duration
	// Outage is how long the API server may be away, at any step, before the run gives up; zero means DefaultOutage.
	Outage time.Duration
	// Progress is told what the request is waiting for. Nil is fine.
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

// Acquire takes the Lease of a namespace. A held one is waited for, or refused with a *HeldError. The lock is held until
// Release, or until the context ends.
func Acquire(ctx context.Context, api *cluster.Cluster, namespace string, request Request) (*Held, error) {
	request.TTL, request.Outage = cmp.Or(request.TTL, DefaultTTL), cmp.Or(request.Outage, DefaultOutage)
	request.Progress = oneByOne(request.Progress)
	held := newHeld(api, namespace, request)
	contender := contender{request: request, namespace: namespace, began: time.Now()}
	for {
		done, err := held.attempt(ctx, &contender)
		switch {
		case done:
			return held.begin(ctx)
		case err != nil:
			return nil, err
		case !cluster.Sleep(ctx, poll):
			return nil, fmt.Errorf("locking namespace %q: %w", namespace, context.Cause(ctx))
		}
	}
}

// attempt looks at the Lease once, and takes it if it can be had.
func (h *Held) attempt(ctx context.Context, c *contender) (done bool, err error) {
	read, err := h.look(ctx, h.once)
	if err != nil {
		return false, c.miss(err)
	}
	c.see(read)
	switch {
	case read.token() == h.token: // the answer to our write was lost
		return true, nil
	case read.isFree(), c.isExpired(read):
		h.unclean = read.isUnclean()
		if err := h.take(ctx, read); err != nil {
			return false, c.miss(err)
		}
		return true, nil
	}
	return false, c.wait(read)
}

// oneByOne lets a function that many call see one call at a time. Nil drops them.
func oneByOne(tell func(line string)) func(line string) {
	var mu sync.Mutex
	return func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if tell != nil {
			tell(line)
		}
	}
}
