package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// ErrLost is in every error of a run whose lock another run has taken over, and the cause of its Context's end.
var ErrLost = errors.New("the lock was lost")

// Held is the right to change a namespace. It is renewed until Release, or until it is lost.
type Held struct {
	// api rides out an API server that is away; once sends each request a single time.
	api, once *cluster.Cluster
	namespace string
	request   Request
	token     string

	ctx     context.Context
	cancel  context.CancelCauseFunc
	stopped chan struct{} // closed when the renewals have ended

	mu      sync.Mutex
	changes []cluster.Change
}

func newHeld(api *cluster.Cluster, namespace string, request Request) *Held {
	return &Held{api: api.WithOutageBudget(request.Outage), once: api.WithOutageBudget(0), namespace: namespace, request: request, token: newToken()}
}

// begin fences what a dead holder may still write, if the lock was taken over from one, and starts the renewals.
func (h *Held) begin(ctx context.Context, unclean bool) (*Held, error) {
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	h.stopped = make(chan struct{})
	go h.keep()
	if unclean {
		if err := h.fence(h.ctx); err != nil {
			h.cancel(err)
			<-h.stopped
			return nil, fmt.Errorf("locking namespace %q: %w", h.namespace, err)
		}
	}
	return h, nil
}

// Token is a random text that no other holder of the lock has had; the Lease carries it while the lock is held.
func (h *Held) Token() string { return h.token }

// Context ends when the lock is lost, with ErrLost as its cause. It does not end because the API server is away: whether the
// lock is still held is asked before each write.
func (h *Held) Context() context.Context { return h.ctx }

// Confirm asks the API server whether the Lease still carries this run's token, through an outage if need be. The error is
// ErrLost when it does not.
func (h *Held) Confirm(ctx context.Context) error {
	read, err := h.lease(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("asking whether the lock of namespace %q is still held: %w", h.namespace, err)
	case read.token() == h.token:
		return nil
	case !read.exists:
		return h.recreate(ctx, read)
	}
	return h.lost()
}

// recreate makes a Lease again that somebody deleted, if nobody else was faster.
func (h *Held) recreate(ctx context.Context, gone lease) error {
	err := h.take(ctx, gone)
	if cluster.IsConflict(err) || cluster.IsTransient(err) {
		return h.Confirm(ctx)
	}
	return err
}

func (h *Held) lost() error {
	err := fmt.Errorf("%w: another run took over Lease %q in namespace %q", ErrLost, Name, h.namespace)
	h.cancel(err)
	return err
}

// Release gives the lock back if it is still held; otherwise the error is ErrLost.
func (h *Held) Release(ctx context.Context) error {
	lost := context.Cause(h.ctx)
	h.cancel(context.Canceled)
	<-h.stopped
	if errors.Is(lost, ErrLost) {
		return lost
	}
	if err := h.giveBack(ctx); err != nil {
		return fmt.Errorf("giving back the lock of namespace %q, which otherwise ends by itself in %s: %w", h.namespace, h.request.TTL, err)
	}
	return nil
}

// giveBack is tried for as long as the lock would last by itself.
func (h *Held) giveBack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, h.request.TTL)
	defer cancel()
	for {
		_, err := h.once.Patch(ctx, Ref(h.namespace), []cluster.Operation{
			{Op: "test", Path: tokenPath, Value: h.token},
			{Op: "remove", Path: "/spec/holderIdentity"},
			{Op: "remove", Path: tokenPath},
			{Op: "remove", Path: "/metadata/annotations/team-dashboard.app~1lock-command"},
		})
		if !cluster.IsTransient(err) && !cluster.IsConflict(err) {
			return err
		}
		if read, readErr := h.lease(ctx); readErr == nil && read.token() != h.token {
			return nil // the answer to an earlier attempt was lost
		}
		if !sleep(ctx, poll) {
			return err
		}
	}
}

// tokenPath is the Lease's token in JSON patches; ~1 is a slash (RFC 6901).
const tokenPath = "/metadata/annotations/team-dashboard.app~1lock-token"

// keep renews the lock four times within its life. What fails is tried again at once: only another token ends it.
func (h *Held) keep() {
	defer close(h.stopped)
	interval := h.request.TTL / 4
	pause := interval
	for sleep(h.ctx, pause) {
		pause = interval
		switch err := h.renew(interval); {
		case err == nil:
		case errors.Is(err, cluster.ErrPreconditionFailed), cluster.IsNotFound(err):
			// The Lease is gone, or somebody else's; Confirm tells which.
			if h.Confirm(h.ctx) != nil && h.ctx.Err() != nil {
				return
			}
		default:
			pause = min(poll, interval)
		}
	}
}

// renew proves that the Lease still carries the token and sets its time in one step.
func (h *Held) renew(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(h.ctx, limit)
	defer cancel()
	_, err := h.once.Patch(ctx, Ref(h.namespace), []cluster.Operation{
		{Op: "test", Path: tokenPath, Value: h.token},
		{Op: "replace", Path: "/spec/renewTime", Value: metav1.NowMicro()},
	})
	return err
}

// lease reads the Lease; one that does not exist is empty.
func (h *Held) lease(ctx context.Context) (lease, error) {
	object, err := h.api.Get(ctx, Ref(h.namespace))
	if cluster.IsNotFound(err) {
		return lease{}, nil
	}
	if err != nil {
		return lease{}, err
	}
	return leaseOf(object)
}

// take writes the Lease, or makes it, on condition that it is still as it was read.
func (h *Held) take(ctx context.Context, read lease) error {
	taken, err := read.taken(h.namespace, h.token, h.request)
	if err != nil {
		return err
	}
	if read.exists {
		_, err = h.once.Replace(ctx, taken)
	} else {
		_, err = h.once.Create(ctx, taken)
	}
	return err
}
