package lock

import (
	"context"
	"errors"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// create makes an object that was not there, and applies it: so its fields are those of an Apply, which removes one day what
// it does not mention any more. The apply is harmless even without the lock, since nobody has touched the object yet.
func (h *Held) create(ctx context.Context, wanted *cluster.Object) (made bool, err error) {
	created, err := h.once.Create(ctx, h.marked(wanted))
	if err != nil {
		return false, err
	}
	applied, err := h.once.ApplyVersion(ctx, created, wanted)
	if err != nil {
		return true, err
	}
	_, err = h.finish(ctx, applied)
	return true, err
}

// Create makes an object that must not exist yet; IsConflict tells that it does. It is for what is never changed: a Job.
func (h *Held) Create(ctx context.Context, object *cluster.Object) (*cluster.Object, error) {
	var made *cluster.Object
	_, err := h.write(ctx, cluster.RefOf(object), cluster.Created, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		created := current
		if !h.isMaking(current) { // else an earlier try made it
			var err error
			if created, err = h.once.Create(ctx, h.marked(object)); err != nil {
				if current != nil {
					err = final{err}
				}
				return cluster.Change{}, err
			}
		}
		var err error
		made, err = h.finish(ctx, created)
		return cluster.Change{Action: cluster.Created}, err
	})
	return made, err
}

// isMaking says whether an object is being made by this holder.
func (h *Held) isMaking(object *cluster.Object) bool {
	return object != nil && object.GetAnnotations()[creatingAnnotation] == h.token
}

// finish looks at the Lease once more, since no precondition can say that a later holder does not want a new object, and ends
// the creation.
func (h *Held) finish(ctx context.Context, made *cluster.Object) (*cluster.Object, error) {
	if err := h.confirmFor(ctx, made); err != nil {
		return nil, err
	}
	return h.once.FinishCreate(ctx, made, creatingAnnotation)
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

// confirmFor is Confirm before a write of an object; one that this holder made when it held the lock no more is withdrawn.
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
