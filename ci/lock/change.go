package lock

import (
	"context"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Patch sets the fields of a document (RFC 7386; null removes one) in an object that exists.
func (h *Held) Patch(ctx context.Context, ref cluster.Ref, document map[string]any) (cluster.Change, error) {
	return h.write(ctx, ref, cluster.Configured, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		if current == nil {
			return cluster.Change{}, missing("changing", ref)
		}
		patched, err := h.once.MergePatchVersion(ctx, current, document)
		if err != nil {
			return cluster.Change{}, err
		}
		return cluster.Change{Action: changed(current, patched)}, nil
	})
}

// Scale sets the number of replicas of a Deployment or StatefulSet, and nothing else of it.
func (h *Held) Scale(ctx context.Context, ref cluster.Ref, replicas int) (cluster.Change, error) {
	return h.write(ctx, ref, cluster.Scaled, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		if current == nil {
			return cluster.Change{}, missing("scaling", ref)
		}
		if now, found, _ := unstructured.NestedInt64(current.Object, "spec", "replicas"); found && now == int64(replicas) {
			return cluster.Change{Action: cluster.Unchanged}, nil
		}
		scaled, err := h.once.ScaleVersion(ctx, current, replicas)
		if err != nil || !scaled {
			return cluster.Change{Action: cluster.Unchanged}, err
		}
		return cluster.Change{Action: cluster.Scaled}, nil
	})
}

// Delete removes an object; one that is not there, or of a kind that the cluster does not have, is no change.
func (h *Held) Delete(ctx context.Context, ref cluster.Ref) (cluster.Change, error) {
	change, err := h.write(ctx, ref, cluster.Deleted, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		if current == nil || current.GetDeletionTimestamp() != nil {
			return cluster.Change{}, nil
		}
		deleted, err := h.once.DeleteVersion(ctx, current)
		if err != nil || !deleted {
			return cluster.Change{}, err
		}
		return cluster.Change{Action: cluster.Deleted}, nil
	})
	if errors.Is(err, cluster.ErrUnknownKind) {
		return cluster.Change{Ref: ref}, nil
	}
	return change, err
}

// weight orders what became of an object that is there: the strongest of several is told. What was created or deleted last
// is what became of it, whatever came before.
var weight = map[cluster.ChangeAction]int{cluster.Unchanged: 1, cluster.Marked: 2, cluster.Scaled: 3, cluster.Configured: 4, cluster.Created: 5, cluster.Deleted: 5}

// note keeps what became of an object.
func (h *Held) note(change cluster.Change) {
	if change.Action == "" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := slices.IndexFunc(h.changes, func(known cluster.Change) bool { return known.Ref == change.Ref })
	if at < 0 {
		h.changes = append(h.changes, change)
		return
	}
	known := &h.changes[at]
	if weight[change.Action] >= weight[known.Action] {
		known.Action = change.Action
	}
	if len(change.Foreign) > 0 {
		known.Foreign = change.Foreign
	}
}

// Changes are what the API server answered to each write, one for each object, in the order of its first write.
func (h *Held) Changes() []cluster.Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.changes)
}
