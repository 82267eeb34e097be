package lock

import (
	"context"
	"errors"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// create makes an object that was not there, looks at the Lease once more, and applies it: so its fields are those of an Apply,
// which removes one day what it does not mention any more.
func (h *Held) create(ctx context.Context, wanted *cluster.Object) (made bool, err error) {
	created, err := h.once.Create(ctx, h.marked(wanted))
	if err != nil {
		return false, err
	}
	if err := h.confirmFor(ctx, created); err != nil {
		return true, err
	}
	_, err = h.apply(ctx, created, wanted)
	return true, err
}

// Create makes an object that must not exist yet; IsConflict tells that it does. It is for what is never changed: a Job.
func (h *Held) Create(ctx context.Context, object *cluster.Object) (*cluster.Object, error) {
	var made *cluster.Object
	_, err := h.write(ctx, cluster.RefOf(object), cluster.Created, func(ctx context.Context, current *cluster.Object) (change cluster.Change, err error) {
		change.Action = cluster.Created
		switch {
		case h.isMaking(current): // by an earlier try
			made = current
		case made != nil && current != nil && made.GetUID() == current.GetUID(): // an earlier try finished it
			made = current
			return change, nil
		default:
			if made, err = h.once.Create(ctx, h.marked(object)); err != nil && current != nil {
				return change, final{err}
			} else if err != nil {
				return change, err
			}
			if err := h.confirmFor(ctx, made); err != nil {
				return change, err
			}
		}
		made, err = h.finish(ctx, made)
		return change, err
	})
	return made, err
}

// finish ends the making of an object. Of an error the object stays what it was.
func (h *Held) finish(ctx context.Context, made *cluster.Object) (*cluster.Object, error) {
	finished, err := h.once.FinishCreate(ctx, made, creatingAnnotation)
	if err != nil {
		return made, err
	}
	return finished, nil
}

// isMaking says whether an object is being made by this holder.
func (h *Held) isMaking(object *cluster.Object) bool {
	return object != nil && object.GetAnnotations()[creatingAnnotation] == h.token
}

// marked is an object that carries the mark of being made by this holder.
func (h *Held) marked(wanted *cluster.Object) *cluster.Object {
	marked := wanted.DeepCopy()
	annotations := marked.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[creatingAnnotation] = h.token
	marked.SetAnnotations(annotations)
	return marked
}

// withdrawal is how long a holder without its lock tries to remove what it made.
const withdrawal = time.Minute

// confirmFor is Confirm before a write of an object. No precondition can say that a later holder does not want a new one: one
// that this holder made when it held the lock no more is withdrawn.
func (h *Held) confirmFor(ctx context.Context, object *cluster.Object) error {
	err := h.Confirm(ctx)
	if errors.Is(err, ErrLost) && h.isMaking(object) {
		h.withdraw(ctx, object)
	}
	return err
}

// withdraw removes an object that this holder made, unless a later one has taken it over. Nothing comes of a failure: the
// object is marked as what nobody has finished making.
func (h *Held) withdraw(ctx context.Context, made *cluster.Object) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawal)
	defer cancel()
	_ = h.repeated(ctx, func() error {
		current, err := h.read(ctx, cluster.RefOf(made))
		if err != nil || !h.isMaking(current) {
			return err
		}
		_, err = h.once.DeleteVersion(ctx, current)
		return err
	})
}
