package lock

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// fenced are the kinds that a holder of the lock writes and that could hurt a later one.
var fenced = []struct{ apiVersion, kind string }{
	{"v1", "Service"},
	{"apps/v1", "Deployment"},
	{"apps/v1", "StatefulSet"},
	{"autoscaling/v2", "HorizontalPodAutoscaler"},
	{"v1", "Secret"},
	{"v1", "ConfigMap"},
	{"policy/v1", "PodDisruptionBudget"},
	{"networking.k8s.io/v1", "NetworkPolicy"},
	{"networking.k8s.io/v1", "Ingress"},
	{"gateway.networking.k8s.io/v1", "HTTPRoute"},
	{"gateway.networking.k8s.io/v1", "Gateway"},
	{"v1", "PersistentVolumeClaim"},
	{"batch/v1", "CronJob"},
}

const (
	// atOnce bounds the marks in flight.
	atOnce = 8
	// attemptsToMark is how often controllers may be faster.
	attemptsToMark = 10
)

// fence marks every object of the application with this run's token, so that its version moves: what an earlier holder has
// read, it cannot write any more without looking again.
func (h *Held) fence(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, kind := range fenced {
		found, err := h.api.List(ctx, kind.apiVersion, kind.kind, h.namespace, "app.kubernetes.io/part-of="+h.request.Application)
		if errors.Is(err, cluster.ErrUnknownKind) || cluster.IsForbidden(err) {
			continue // who may not see it may not write it
		}
		if err != nil {
			_ = group.Wait()
			return err
		}
		for _, object := range found {
			group.Go(func() error { return h.mark(ctx, cluster.RefOf(object)) })
		}
	}
	return group.Wait()
}

func (h *Held) mark(ctx context.Context, ref cluster.Ref) error {
	document := map[string]any{"metadata": map[string]any{"annotations": map[string]any{fenceAnnotation: h.token}}}
	for attempt := 1; ; attempt++ {
		_, err := h.api.MergePatch(ctx, ref, document)
		switch {
		case err == nil:
			h.note(cluster.Change{Ref: ref, Action: cluster.Marked})
			return nil
		case cluster.IsNotFound(err), cluster.IsForbidden(err):
			return nil
		case !cluster.IsConflict(err) || attempt == attemptsToMark:
			return err
		}
	}
}
