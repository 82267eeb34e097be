package lock

import (
	"context"
	"fmt"
	"sync"
)

// asking lets all who ask at the same time share one look at the Lease.
type asking struct {
	mu sync.Mutex
	// next is the look that has not begun yet: an answer is worth something only to those who asked before it was given.
	next *answer
	busy bool // whether a look is under way
}

// answer is what a look at the Lease found, once it is done.
type answer struct {
	done chan struct{}
	err  error
}

// Confirm asks the API server whether the Lease still carries this run's token, through an outage if need be. The error is
// ErrLost when it does not. Those who ask at the same time share the answer of one look that begins after they asked.
func (h *Held) Confirm(ctx context.Context) error {
	answer := h.ask()
	select {
	case <-answer.done:
		return answer.err
	case <-ctx.Done():
		return fmt.Errorf("asking whether the lock of namespace %q is still held: %w", h.namespace, context.Cause(ctx))
	}
}

// ask joins the look that is to begin next.
func (h *Held) ask() *answer {
	h.asking.mu.Lock()
	defer h.asking.mu.Unlock()
	if h.asking.next == nil {
		h.asking.next = &answer{done: make(chan struct{})}
	}
	if !h.asking.busy {
		h.asking.busy = true
		go h.answerAll()
	}
	return h.asking.next
}

// answerAll looks until nobody asks any more.
func (h *Held) answerAll() {
	for {
		h.asking.mu.Lock()
		answer := h.asking.next
		h.asking.next, h.asking.busy = nil, answer != nil
		h.asking.mu.Unlock()
		if answer == nil {
			return
		}
		answer.err = h.confirm(h.ctx)
		close(answer.done)
	}
}

// confirm looks at the Lease. One that somebody deleted is made again, unless somebody else was faster.
func (h *Held) confirm(ctx context.Context) error {
	return h.repeated(ctx, func() error {
		read, err := h.look(ctx, h.api)
		switch {
		case err != nil:
			return fmt.Errorf("asking whether the lock of namespace %q is still held: %w", h.namespace, err)
		case read.token() == h.token:
			return nil
		case read.exists:
			return h.lost(read)
		}
		return h.take(ctx, read)
	})
}
