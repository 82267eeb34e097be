package lock

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Update reads an object, asks what is to become of it, and applies that by server-side apply, on condition that nobody else
// has changed it meanwhile; else it begins anew. What decide gets is nil when there is no such object, what it returns is nil
// to leave it as it is.
func (h *Held) Update(ctx context.Context, ref cluster.Ref, decide func(current *cluster.Object) (*cluster.Object, error)) (cluster.Change, error) {
	made := false
	return h.write(ctx, ref, cluster.Configured, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		wanted, err := decide(current)
		if err != nil {
			return cluster.Change{}, final{err}
		}
		made = made || h.isMaking(current) // by an earlier try whose answer was lost
		change := cluster.Change{}
		switch {
		case wanted == nil:
		case current == nil:
			made, err = h.create(ctx, wanted)
		default:
			change, err = h.apply(ctx, current, wanted)
		}
		if made {
			change.Action = cluster.Created
		}
		return change, err
	})
}

// Apply makes an object so by server-side apply.
func (h *Held) Apply(ctx context.Context, object *cluster.Object) (cluster.Change, error) {
	return h.Update(ctx, cluster.RefOf(object), func(*cluster.Object) (*cluster.Object, error) { return object, nil })
}

func (h *Held) apply(ctx context.Context, current, wanted *cluster.Object) (cluster.Change, error) {
	applied, err := h.once.ApplyVersion(ctx, current, wanted)
	if err != nil {
		return cluster.Change{}, err
	}
	change := cluster.Change{Action: changed(current, applied), Foreign: cluster.Foreign(applied)}
	if current.GetAnnotations()[creatingAnnotation] == "" {
		return change, nil
	}
	// An earlier try made it, or a holder that died while it did. From here on it is nobody's to remove.
	change.Action = cluster.Configured
	_, err = h.once.FinishCreate(ctx, applied, creatingAnnotation)
	return change, err
}
