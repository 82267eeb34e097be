package lock

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Update reads an object, asks what is to become of it, and applies that by server-side apply, on condition that nobody else
// has changed it meanwhile; else it begins anew. What decide gets is nil when there is no such object, what it returns is nil
// to leave it as it is.
func (h *Held) Update(ctx context.Context, ref cluster.Ref, decide func(current *cluster.Object) (*cluster.Object, error)) (cluster.Change, error) {
	return h.write(ctx, ref, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		wanted, err := decide(current)
		if err != nil || wanted == nil {
			return cluster.Change{}, err
		}
		if current == nil {
			return h.create(ctx, wanted)
		}
		wanted = wanted.DeepCopy()
		wanted.SetResourceVersion(current.GetResourceVersion())
		applied, err := h.once.Apply(ctx, wanted, cluster.ApplyOptions{})
		if err != nil {
			return cluster.Change{}, err
		}
		return cluster.Change{Action: changed(current, applied), Foreign: cluster.Foreign(applied)}, nil
	})
}

// Apply makes an object so by server-side apply.
func (h *Held) Apply(ctx context.Context, object *cluster.Object) (cluster.Change, error) {
	return h.Update(ctx, cluster.RefOf(object), func(*cluster.Object) (*cluster.Object, error) { return object, nil })
}

// create makes an object that was not there. The Lease is asked once more after it, since no precondition can say that a later
// holder does not want the object: then it is removed again.
func (h *Held) create(ctx context.Context, object *cluster.Object) (cluster.Change, error) {
	created, err := h.once.CreateApplied(ctx, object)
	if err != nil {
		return cluster.Change{}, err
	}
	if err := h.Confirm(ctx); err != nil {
		_ = h.once.DeleteIf(context.WithoutCancel(ctx), cluster.RefOf(created), versionOf(created)) // changed meanwhile: somebody else's now
		return cluster.Change{}, err
	}
	return cluster.Change{Action: cluster.Created}, nil
}

// Patch sets the fields of a document (RFC 7386; null removes one) in an object that exists.
func (h *Held) Patch(ctx context.Context, ref cluster.Ref, document map[string]any) (cluster.Change, error) {
	return h.write(ctx, ref, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		if current == nil {
			return cluster.Change{}, fmt.Errorf("changing %s: it does not exist", ref)
		}
		patched, err := h.once.MergePatch(ctx, ref, withVersion(document, current.GetResourceVersion()))
		if err != nil {
			return cluster.Change{}, err
		}
		return cluster.Change{Action: changed(current, patched)}, nil
	})
}

// withVersion makes a patch conditional on the version of the object that was read.
func withVersion(document map[string]any, version string) map[string]any {
	conditional := map[string]any{}
	for key, value := range document {
		conditional[key] = value
	}
	metadata := map[string]any{"resourceVersion": version}
	if given, ok := document["metadata"].(map[string]any); ok {
		for key, value := range given {
			metadata[key] = value
		}
	}
	conditional["metadata"] = metadata
	return conditional
}

// Scale sets the number of replicas of a Deployment or StatefulSet, and nothing else of it.
func (h *Held) Scale(ctx context.Context, ref cluster.Ref, replicas int) (cluster.Change, error) {
	return h.write(ctx, ref, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		if current == nil {
			return cluster.Change{}, fmt.Errorf("scaling %s: it does not exist", ref)
		}
		if now, found := replicasOf(current); found && now == replicas {
			return cluster.Change{Action: cluster.Unchanged}, nil
		}
		return cluster.Change{Action: cluster.Scaled}, h.once.ScaleVersion(ctx, current, replicas)
	})
}

func replicasOf(object *cluster.Object) (int, bool) {
	spec, _ := object.Object["spec"].(map[string]any)
	count, ok := spec["replicas"].(int64)
	return int(count), ok
}

// Delete removes an object; one that is not there, or of a kind that the cluster does not have, is none the less removed.
func (h *Held) Delete(ctx context.Context, ref cluster.Ref) (cluster.Change, error) {
	return h.write(ctx, ref, func(ctx context.Context, current *cluster.Object) (cluster.Change, error) {
		if current == nil {
			return cluster.Change{}, nil
		}
		return cluster.Change{Action: cluster.Deleted}, h.once.DeleteIf(ctx, ref, versionOf(current))
	})
}

// write is the one way of every write: read the object, ask whether the lock is held still, write on condition that the
// object is as it was read. Whoever else changed it (a controller, a hand) only makes it begin anew, and so does an API server
// that does not answer, or not just now; a later holder of the lock ends it.
func (h *Held) write(ctx context.Context, ref cluster.Ref, do func(context.Context, *cluster.Object) (cluster.Change, error)) (cluster.Change, error) {
	began, uncertain := time.Now(), false
	for attempt := 1; ; attempt++ {
		current, err := h.read(ctx, ref)
		if err != nil {
			return cluster.Change{}, err
		}
		if err := h.Confirm(ctx); err != nil {
			return cluster.Change{}, fmt.Errorf("changing %s: %w", ref, err)
		}
		change, err := do(ctx, current)
		if err == nil {
			if uncertain && change.Action == cluster.Unchanged {
				change.Action = cluster.Configured // by the attempt whose answer was lost
			}
			change.Ref = ref
			h.note(change)
			return change, nil
		}
		if cause := context.Cause(ctx); cause != nil {
			return cluster.Change{}, fmt.Errorf("changing %s: %w", ref, cause)
		}
		again := cluster.IsConflict(err) || cluster.IsTransient(err) || cluster.IsNotFound(err) && current != nil
		if !again || time.Since(began) > h.request.Outage {
			return cluster.Change{}, err
		}
		uncertain = uncertain || cluster.IsTransient(err)
		if !sleep(ctx, min(time.Duration(attempt)*50*time.Millisecond, 2*time.Second)) {
			return cluster.Change{}, fmt.Errorf("changing %s: %w", ref, context.Cause(ctx))
		}
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

// versionOf is the precondition that an object is still the one that was read.
func versionOf(read *cluster.Object) metav1.Preconditions {
	uid, version := read.GetUID(), read.GetResourceVersion()
	return metav1.Preconditions{UID: &uid, ResourceVersion: &version}
}

func changed(before, after *cluster.Object) cluster.ChangeAction {
	if before.GetResourceVersion() == after.GetResourceVersion() {
		return cluster.Unchanged
	}
	return cluster.Configured
}

// weight orders what became of an object that is there: the strongest of several is told. What was created or deleted last
// is what became of it, whatever came before.
var weight = map[cluster.ChangeAction]int{cluster.Unchanged: 1, cluster.Marked: 2, cluster.Configured: 3, cluster.Scaled: 4, cluster.Created: 5, cluster.Deleted: 5}

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
	if weight[change.Action] >= weight[h.changes[at].Action] {
		h.changes[at] = change
	}
}

// Changes are what the API server answered to each write, one for each object, in the order of its first write.
func (h *Held) Changes() []cluster.Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.changes)
}
