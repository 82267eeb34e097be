package lock

import (
	"context"
	"errors"
	"fmt"
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
	var silent time.Time // since when the API server has not answered; zero while it does
	for cluster.Sleep(h.ctx, pause) {
		pause = interval
		began := time.Now()
		switch err := h.renew(interval); {
		case err == nil:
			if !silent.IsZero() {
				h.request.Progress(fmt.Sprintf("the API server answers again, after %s", time.Since(silent).Round(time.Second)))
				silent = time.Time{}
			}
		case errors.Is(err, cluster.ErrPreconditionFailed), cluster.IsNotFound(err):
			_ = h.Confirm(h.ctx) // the Lease is gone, or somebody else's; what it finds, it notes
		default:
			if silent.IsZero() && (cluster.IsTransient(err) || errors.Is(err, context.DeadlineExceeded)) {
				silent = began
				h.request.Progress(fmt.Sprintf("waiting for the API server, for %s at most: %v", h.request.Outage, err))
			}
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
