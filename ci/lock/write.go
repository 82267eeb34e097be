package lock

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// write is the one way of every write: read the object, ask whether the lock is held still, write on condition that the
// object is as it was read. Whoever else changed it (a controller, a hand) only makes it begin anew, and so does an API server
// that does not answer, or not just now; a later holder of the lock ends it. What it did when nothing is left to do, because
// the answer to it was lost, is what it set out to do.
func (h *Held) write(ctx context.Context, ref cluster.Ref, aim cluster.ChangeAction, do func(context.Context, *cluster.Object) (cluster.Change, error)) (cluster.Change, error) {
	ctx, end, err := h.enter(ctx)
	if err != nil {
		return cluster.Change{}, fmt.Errorf("changing %s: %w", ref, err)
	}
	defer end()
	var change cluster.Change
	var reads []*cluster.Object
	err = h.repeated(ctx, func() error {
		current, err := h.read(ctx, ref)
		if err != nil {
			return err
		}
		reads = append(reads, current)
		if err := h.confirmFor(ctx, current); err != nil {
			return fmt.Errorf("changing %s: %w", ref, err)
		}
		change, err = do(ctx, current)
		h.noteUnknown(ctx, err)
		if current != nil && cluster.IsNotFound(err) {
			return fmt.Errorf("changing %s: %w", ref, cluster.ErrPreconditionFailed) // it has gone meanwhile
		}
		return err
	})
	if err != nil {
		return cluster.Change{}, unfinal(err)
	}
	change.Ref = ref
	if change.Action != aim && happened(reads, aim) {
		change.Action = aim
	}
	h.note(change)
	return change, nil
}

// happened says whether an earlier try of a write did what it was to do, although nobody has seen the answer.
func happened(reads []*cluster.Object, aim cluster.ChangeAction) bool {
	first, last := reads[0], reads[len(reads)-1]
	switch aim {
	case cluster.Deleted:
		return first != nil && last == nil
	case cluster.Configured, cluster.Scaled:
		return first != nil && last != nil && first.GetUID() == last.GetUID() && cluster.WroteBetween(first, last)
	}
	return false
}

// enter begins a write, which ends with the lock; Release waits for it.
func (h *Held) enter(ctx context.Context) (context.Context, func(), error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, nil, errReleased
	}
	h.writing.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	detach := context.AfterFunc(h.ctx, func() { cancel(context.Cause(h.ctx)) })
	return ctx, func() {
		detach()
		cancel(nil)
		h.writing.Done()
	}, nil
}

// noteUnknown remembers that a write was left without an answer: it may still arrive, after this run has given the lock back.
func (h *Held) noteUnknown(ctx context.Context, err error) {
	if err != nil && (cluster.IsTransient(err) && !apierrors.IsTooManyRequests(err) || ctx.Err() != nil) {
		h.setUnclean(true)
	}
}

// read is nil for what is not there.
func (h *Held) read(ctx context.Context, ref cluster.Ref) (*cluster.Object, error) {
	object, err := h.api.Get(ctx, ref)
	if cluster.IsNotFound(err) {
		return nil, nil
	}
	return object, err
}

// final is an error that no further try can overcome, whatever its kind.
type final struct{ error }

func unfinal(err error) error {
	var last final
	if errors.As(err, &last) {
		return last.error
	}
	return err
}

// missing is what the API server says of an object that is not there.
func missing(doing string, ref cluster.Ref) error {
	return final{fmt.Errorf("%s %s: %w", doing, ref, apierrors.NewNotFound(schema.GroupResource{Resource: ref.Kind}, ref.Name))}
}

// changed says what a write did to the version of an object that was read.
func changed(before, after *cluster.Object) cluster.ChangeAction {
	if before.GetResourceVersion() == after.GetResourceVersion() {
		return cluster.Unchanged
	}
	return cluster.Configured
}
