package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// ErrLockLost is the cause of a cancelled Lock.Context: the lock was taken over, or could not be renewed in time.
var ErrLockLost = errors.New("the lock was lost")

// defaultTTL lets a deploy survive the restart of an API server, and a dead one be taken over soon.
const defaultTTL = 30 * time.Second

// LockRequest says who wants the lock of a namespace, and for how long it waits for it.
type LockRequest struct {
	// Holder is the name that others are shown: a person or a CI run.
	Holder string
	// Command is what the holder is doing, in the words of the prompt.
	Command string
	// TTL is how long the lock outlives its holder's last sign of life, in whole seconds; zero means 30 s.
	TTL time.Duration
	// Wait is how long to wait for a holder that is alive. Whether it is, it shows by renewing, which it does four times
	// in its TTL: until then, or until its TTL has passed, it is waited for whatever Wait is. So a command that is
	// repeated at once after its run was killed is not refused by its own dead run.
	Wait time.Duration
	// Progress is told whom the request is waiting for. Nil is fine.
	Progress func(line string)
}

// LockedError says that somebody else holds the lock.
type LockedError struct {
	Namespace string
	Holder    string
	Command   string
	Since     time.Time
	// Expires is when the lock ends unless it is renewed, by the holder's clock.
	Expires time.Time
	// Remaining is the time until then, by this machine's clock; a holder that is alive renews it again and again.
	Remaining time.Duration
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("locking namespace %q: %s; wait for it to end, or, if it died, for the lock to expire", e.Namespace, e.describe())
}

func (e *LockedError) describe() string {
	return fmt.Sprintf("%s is running %q since %s (the lock expires in %d s unless it is renewed)",
		e.Holder, e.Command, e.Since.UTC().Format("15:04:05 MST"), int(e.Remaining.Round(time.Second).Seconds()))
}

// Lock acquires the Lease `pipeline` of a namespace. A held lock is waited for, or refused with a *LockedError.
//
// Clocks of other machines are not trusted: a foreign lock counts as expired when it was seen unchanged for its whole
// duration (the rule of client-go's leader election).
func (c *Cluster) Lock(ctx context.Context, namespace string, request LockRequest) (*Lock, error) {
	if request.TTL == 0 {
		request.TTL = defaultTTL
	}
	token := rand.Text()
	queue := queue{request: request, started: time.Now()}
	for {
		sent := time.Now()
		lease, err := c.readLease(ctx, namespace)
		if err != nil {
			return nil, err
		}
		if lease.Annotations[tokenAnnotation] == token {
			return c.hold(ctx, namespace, token, request.TTL, renewTime(lease)), nil
		}
		if isFree(lease) || queue.expired(lease) {
			take(lease, namespace, token, request)
			err := c.writeLease(ctx, namespace, lease)
			if err == nil {
				return c.hold(ctx, namespace, token, request.TTL, sent), nil
			}
			if !IsConflict(err) {
				return nil, err
			}
			continue // somebody was faster, or an answer was lost on its way: look again
		}
		if locked := lockedError(namespace, lease); !queue.wait(lease, locked) {
			return nil, locked
		}
		if !sleep(ctx, c.timing.poll) {
			return nil, fmt.Errorf("locking namespace %q: %w", namespace, context.Cause(ctx))
		}
	}
}

// queue is one request's view of the holders before it.
type queue struct {
	request LockRequest
	started time.Time
	seen    claim
	since   time.Time // when seen was seen first, by this machine's clock
	told    string    // the token of the holder that Progress was told of
	alive   bool      // whether a holder was seen to renew, or to take the lock
}

// expired notes the holder's claim and reports whether it was seen unchanged for its whole duration.
func (q *queue) expired(held *kinds.Lease) bool {
	now := time.Now()
	if current := claimOf(held); current != q.seen {
		q.alive = q.alive || !q.since.IsZero()
		q.seen, q.since = current, now
		return false
	}
	return now.Sub(q.since) >= leaseDuration(held)
}

// wait reports whether to go on waiting, and says whom for.
func (q *queue) wait(held *kinds.Lease, locked *LockedError) bool {
	if q.alive && time.Since(q.started) >= q.request.Wait {
		return false
	}
	if q.told != q.seen.token {
		q.told = q.seen.token
		if q.request.Progress != nil {
			q.request.Progress("waiting for the lock: " + locked.describe())
		}
	}
	return true
}

// Hold is a lock as its users see it; *Lock is the real one.
type Hold interface {
	Token() string
	Context() context.Context
	Unlock(ctx context.Context) error
}

// Locking lets a connection be asked for a Hold.
type Locking struct{ *Cluster }

// Lock acquires the lock of a namespace.
func (l Locking) Lock(ctx context.Context, namespace string, request LockRequest) (Hold, error) {
	return l.Cluster.Lock(ctx, namespace, request)
}
