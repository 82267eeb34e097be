package rollout

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// rehearsal is the smoke suite on its way while pods still start. It costs a deploy no time then: its own pod is placed
// and started meanwhile, and its flows begin as soon as every service answers.
type rehearsal struct {
	stop context.CancelFunc
	// ready is closed when the slot is: then the suite need not wait for anything more.
	ready chan struct{}
	ended chan struct{}
	smoke Smoke
	err   error
}

// rehearse lets the suite begin before the slot is ready. Only an idle slot can be rehearsed in, and only when the pods
// that were parked there have ended: while no pod is ready, Services send requests to those that end, and a flow that
// begins with one of them meets nobody at its next step.
func (r *run) rehearse(ctx context.Context) {
	if r.record.Slot == "" {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	begun := &rehearsal{stop: stop, ready: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(begun.ended)
		if begun.err = r.waitForTheStage(ctx, begun.ready); begun.err == nil {
			begun.smoke, begun.err = r.Smoke.Slot(ctx, r.target(), r.Options.ReadyBudget)
		}
	}()
	r.rehearsal = begun
}

// waitForTheStage lasts until no pod of the slot is ending, or the slot is ready.
func (r *run) waitForTheStage(ctx context.Context, ready <-chan struct{}) error {
	for {
		pods, err := r.servicePods(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(pods, func(pod *cluster.Object) bool { return pod.GetDeletionTimestamp() != nil }) {
			return nil
		}
		select {
		case <-ready:
			return nil
		default:
		}
		if err := r.Clock.Sleep(ctx, r.Options.PollInterval); err != nil {
			return err
		}
	}
}

// smoke is what the suite found: the one on its way, else one that begins now. When the context ends first, the suite
// is stopped.
func (r *run) smoke(ctx context.Context) (Smoke, error) {
	if r.rehearsal == nil {
		return r.Smoke.Slot(ctx, r.target(), 0)
	}
	defer r.endRehearsal()
	close(r.rehearsal.ready)
	select {
	case <-r.rehearsal.ended:
		return r.rehearsal.smoke, r.rehearsal.err
	case <-ctx.Done():
		return Smoke{}, context.Cause(ctx)
	}
}

// endRehearsal returns when nothing of the suite is left in the cluster.
func (r *run) endRehearsal() {
	if r.rehearsal == nil {
		return
	}
	r.rehearsal.stop()
	<-r.rehearsal.ended
	r.rehearsal = nil
}
