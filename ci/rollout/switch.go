package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// The annotation and the selector of a stable Service in JSON patches; ~1 is a slash (RFC 6901).
const (
	tokenPath = "/metadata/annotations/team-dashboard.app~1lease-token"
	slotPath  = "/spec/selector/team-dashboard.app~1slot"
)

// switching is when the traffic moved in this run; zero when another run moved it.
type switching struct{ began, patched time.Time }

// switchOver sends the traffic of all services to the run's slot.
func (r *run) switchOver(ctx context.Context) error {
	r.switched.began = r.Clock.Now()
	if err := r.move(ctx, r.record.Slot); err != nil {
		return err
	}
	r.switched.patched = r.Clock.Now()
	return nil
}

// move lets every stable Service select a slot, all at once. If one cannot be changed the others may be: the caller
// undoes or repeats it.
func (r *run) move(ctx context.Context, slot string) error {
	var group errgroup.Group
	for _, service := range r.Application.Services {
		group.Go(func() error { return r.point(ctx, service.Name, slot) })
	}
	return group.Wait()
}

// point changes one selector, provided that the Service still carries this run's token.
func (r *run) point(ctx context.Context, service, slot string) error {
	ref := r.stableService(service)
	_, err := r.Cluster.Patch(ctx, ref, []cluster.Operation{
		{Op: "test", Path: tokenPath, Value: r.lock.Token()},
		{Op: "replace", Path: slotPath, Value: slot},
	})
	if errors.Is(err, cluster.ErrPreconditionFailed) {
		return fmt.Errorf("%w: another run has taken over %s: %w", cluster.ErrLockLost, ref, err)
	}
	if errors.Is(err, cluster.ErrUnreachable) {
		// The answer is lost, and perhaps not the change.
		if now, readErr := r.Cluster.Get(ctx, ref); readErr == nil && selectedSlot(now) == slot {
			return nil
		}
	}
	return err
}
