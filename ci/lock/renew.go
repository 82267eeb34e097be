package lock

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// tokenPath is the Lease's token in JSON patches; ~1 is a slash (RFC 6901).
const tokenPath = "/metadata/annotations/team-dashboard.app~1lock-token"

// keep renews the lock four times within its life. What fails is tried again soon: only another token ends it.
func (h *Held) keep() {
	defer close(h.stopped)
	interval := h.request.TTL / 4
	pause := interval
	for sleep(h.ctx, pause) {
		pause = interval
		switch err := h.renew(interval); {
		case err == nil:
		case errors.Is(err, cluster.ErrPreconditionFailed), cluster.IsNotFound(err):
			_ = h.Confirm(h.ctx) // the Lease is gone, or somebody else's; what it finds, it notes
		default:
			pause = min(poll, interval)
		}
	}
}

// renew proves that the Lease still carries the token and sets its time in one step.
func (h *Held) renew(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(h.ctx, limit)
	defer cancel()
	_, err := h.once.Patch(ctx, Ref(h.namespace), []cluster.Operation{
		{Op: "test", Path: tokenPath, Value: h.token},
		{Op: "add", Path: "/spec/renewTime", Value: metav1.NowMicro()},
	})
	return err
}
