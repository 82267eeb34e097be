package lock

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// ErrLost is in every error of a run whose lock another run has taken over, and the cause of its Context's end.
var ErrLost = errors.New("the lock was lost")

// errReleased is the cause of the end of a Context whose lock was given back.
var errReleased = fmt.Errorf("the lock was given back: %w", context.Canceled)

// Held is the right to change a namespace. It is renewed until Release, or until it is lost.
type Held struct {
	// api rides out an API server that is away; brief gives up after some seconds; once sends each request a single time.
	api, brief, once *cluster.Cluster
	namespace        string
	request          Request
	token            string

	ctx     context.Context
	cancel  context.CancelCauseFunc
	stopped chan struct{} // closed when the renewals have ended
	asking  asking

	mu      sync.Mutex
	changes []cluster.Change
	// unclean says that a write may still arrive that nobody has seen arriving: one of an earlier holder, or of this one.
	unclean bool
	closed  bool           // whether Release was called
	writing sync.WaitGroup // the writes under way
}

// longEnough is how long a request is repeated that is not worth waiting for an API server.
const longEnough = 10 * time.Second

func newHeld(api *cluster.Cluster, namespace string, request Request) *Held {
	return &Held{api: api.WithOutageBudget(request.Outage), brief: api.WithOutageBudget(longEnough), once: api.WithOutageBudget(0), namespace: namespace, request: request, token: rand.Text()}
}

// begin starts the renewals, and fences what an earlier holder may still write.
func (h *Held) begin(ctx context.Context) (*Held, error) {
	h.ctx, h.cancel = context.WithCancelCause(ctx)
	h.stopped = make(chan struct{})
	go h.keep()
	if h.isUnclean() {
		if err := h.fence(h.ctx); err != nil {
			h.cancel(err)
			<-h.stopped
			return nil, fmt.Errorf("locking namespace %q: %w", h.namespace, err)
		}
		h.setUnclean(false)
	}
	return h, nil
}

// Cluster is the connection for all that a run reads while it holds the lock: it rides out an API server that is away for as
// long as the lock's own requests do.
func (h *Held) Cluster() *cluster.Cluster { return h.api }

// Token is a random text that no other holder of the lock has had; the Lease carries it while the lock is held.
func (h *Held) Token() string { return h.token }

// Context ends when the lock is lost, with ErrLost as its cause. It does not end because the API server is away: whether the
// lock is still held is asked before each write.
func (h *Held) Context() context.Context { return h.ctx }

// Release gives the lock back if it is still held; otherwise the error is ErrLost. Writes that are still under way end. An API
// server that is away is not waited for longer than the lock needs to end by itself.
func (h *Held) Release(ctx context.Context) error {
	lost := context.Cause(h.ctx)
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	h.cancel(errReleased)
	<-h.stopped
	h.writing.Wait()
	if errors.Is(lost, ErrLost) {
		return lost
	}
	ctx, cancel := context.WithTimeout(ctx, 2*h.request.TTL)
	defer cancel()
	err := h.repeated(ctx, func() error {
		read, err := h.look(ctx, h.api)
		switch {
		case err != nil:
			return err
		case read.token() == h.token:
			return h.giveBack(ctx, read)
		case read.isFree(): // given back already, by a write whose answer was lost, or by hand
			return nil
		}
		return h.lost(read)
	})
	if err != nil && !errors.Is(err, ErrLost) {
		return fmt.Errorf("giving back the lock of namespace %q, which otherwise ends by itself in %s: %w", h.namespace, h.request.TTL, err)
	}
	return err
}

func (h *Held) lost(read lease) error {
	by := "another run, which has ended"
	if other := read.heldError(h.namespace); other.Holder != "" {
		by = fmt.Sprintf("%s, who runs %q", other.Holder, other.Command)
	}
	err := fmt.Errorf("%w: Lease %q in namespace %q was taken over by %s", ErrLost, Name, h.namespace, by)
	h.cancel(err)
	return err
}

func (h *Held) isUnclean() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unclean
}

func (h *Held) setUnclean(unclean bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unclean = unclean
}

// repeated does something until it meets no other writer and no outage, for as long as either may last.
func (h *Held) repeated(ctx context.Context, do func() error) error {
	var budget budget
	for {
		err := do()
		if !budget.grants(err, h.request.Outage) {
			return err
		}
		if !cluster.Sleep(ctx, budget.pause()) {
			return fmt.Errorf("%w (the last attempt failed: %v)", context.Cause(ctx), err)
		}
	}
}

// budget bounds tries of the same thing.
type budget struct {
	tries    int
	conflict bool      // whether the last try met another writer, and not an outage
	since    time.Time // when the tries began to fail like that
}

// grants says whether what failed is worth another try: it met another writer, or an API server that did not answer, or not
// just now, and has not done so for too long.
func (b *budget) grants(err error, limit time.Duration) bool {
	conflict := cluster.IsConflict(err)
	if err == nil || !conflict && !cluster.IsTransient(err) {
		return false
	}
	if b.tries == 0 || b.conflict != conflict {
		b.since = time.Now()
	}
	b.tries, b.conflict = b.tries+1, conflict
	return time.Since(b.since) < limit
}

// pause grows, so that a controller that changes an object again and again gets to its end.
func (b *budget) pause() time.Duration {
	return min(time.Duration(b.tries-1)*20*time.Millisecond, time.Second)
}
