package lock

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

const partOfLabel = "app.kubernetes.io/part-of"

// Annotations of objects.
const (
	// fenceAnnotation carries the token of the holder that marked the object last.
	fenceAnnotation = "team-dashboard.app/fence"
	// creatingAnnotation carries the token of the holder that is making the object, until it knows that it still held the
	// lock when it did.
	creatingAnnotation = "team-dashboard.app/creating"
)

// derived are the kinds whose objects carry the label because the objects that they come from do. No holder writes them.
var derived = []string{"Pod", "ReplicaSet", "ControllerRevision", "Endpoints", "EndpointSlice", "Event"}

// atOnce bounds the requests in flight.
const atOnce = 8

// fence marks every object of the application with this run's token, so that its version moves: what an earlier holder has
// read, it cannot write any more without looking again. Kinds that the user may not see or change are left out.
func (h *Held) fence(ctx context.Context) error {
	kinds, err := h.api.Kinds(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, kind := range kinds {
		if !slices.Contains(derived, kind.Kind) {
			group.Go(func() error { return h.fenceKind(ctx, kind) })
		}
	}
	return group.Wait()
}

func (h *Held) fenceKind(ctx context.Context, kind cluster.Kind) error {
	namespace := h.namespace
	if !kind.Namespaced {
		namespace = ""
	}
	may, err := h.mayMark(ctx, kind, namespace)
	if err != nil || !may {
		return err
	}
	objects, err := h.list(ctx, kind, namespace)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := h.mark(ctx, cluster.RefOf(object)); err != nil {
			return err
		}
	}
	return nil
}

// mayMark asks for the rights first: a request that is refused would stand in the cluster's audit log as an attempt to do
// what the user may not.
func (h *Held) mayMark(ctx context.Context, kind cluster.Kind, namespace string) (bool, error) {
	for _, verb := range []string{"list", "patch"} {
		may, err := h.may(ctx, cluster.Action{Verb: verb, APIVersion: kind.APIVersion, Kind: kind.Kind, Namespace: namespace})
		if err != nil || !may {
			return false, err
		}
	}
	return true, nil
}

func (h *Held) may(ctx context.Context, action cluster.Action) (bool, error) {
	for try := 1; ; try++ {
		may, err := h.brief.Can(ctx, action)
		if err == nil {
			return may, nil
		}
		if try == triesToList {
			h.request.Progress("not fenced: " + err.Error())
			return false, nil
		}
		if err := h.Confirm(ctx); err != nil {
			return false, err
		}
	}
}

// triesToList bounds how often a kind is asked for that cannot be listed although the API server answers: its own server,
// or the webhook that converts it, is away, and must not keep everybody from getting the lock.
const triesToList = 3

func (h *Held) list(ctx context.Context, kind cluster.Kind, namespace string) ([]*cluster.Object, error) {
	for try := 1; ; try++ {
		objects, err := h.brief.ListMetadata(ctx, kind, namespace, partOfLabel+"="+h.request.Application)
		switch {
		case err == nil:
			return objects, nil
		case cluster.IsForbidden(err), cluster.IsNotFound(err):
			return nil, nil
		case try == triesToList:
			h.request.Progress("not fenced: " + err.Error())
			return nil, nil
		}
		if err := h.Confirm(ctx); err != nil {
			return nil, err
		}
	}
}

// mark also takes the object over from whoever is making it.
func (h *Held) mark(ctx context.Context, ref cluster.Ref) error {
	if ref == Ref(h.namespace) {
		return nil
	}
	err := h.repeated(ctx, func() error {
		return h.api.Stamp(ctx, ref, map[string]any{fenceAnnotation: h.token, creatingAnnotation: nil})
	})
	switch {
	case err == nil:
		h.note(cluster.Change{Ref: ref, Action: cluster.Marked})
	case cluster.IsNotFound(err):
		return nil
	case cluster.IsForbidden(err), cluster.IsInvalid(err): // nobody else can write it either
		h.request.Progress("not fenced: " + err.Error())
		return nil
	}
	return err
}
