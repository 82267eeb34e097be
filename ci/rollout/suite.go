package rollout

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// suite is the smoke suite of one run, inside the cluster and at the front door.
type suite struct {
	run             *run
	inSlot, outside *background
}

// background is a run of the smoke suite that began before its result is needed.
type background struct {
	cancel context.CancelFunc
	ended  chan struct{}
	result smoke.Result
	err    error
}

func inBackground(ctx context.Context, do func(context.Context) (smoke.Result, error)) *background {
	ctx, cancel := context.WithCancel(ctx)
	b := &background{cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(b.ended)
		b.result, b.err = do(ctx)
	}()
	return b
}

// wait returns what came of it. When the context ends first, it is stopped.
func (b *background) wait(ctx context.Context) (smoke.Result, error) {
	defer b.stop()
	select {
	case <-b.ended:
		return b.result, b.err
	case <-ctx.Done():
		return smoke.Result{}, context.Cause(ctx)
	}
}

// stop returns when nothing of it runs any more.
func (b *background) stop() {
	b.cancel()
	<-b.ended
}

// stop leaves nothing of the suite running.
func (s *suite) stop() {
	for _, b := range []*background{s.inSlot, s.outside} {
		if b != nil {
			b.stop()
		}
	}
}

// startInSlot lets the suite begin before the slot is ready. Only in an idle slot can it, and only when the pods that were
// parked there have ended: while no pod is ready, Services send requests to those that end, and a flow that begins with
// one of them meets nobody at its next step.
func (s *suite) startInSlot(ctx context.Context) {
	r := s.run
	if r.record.Slot == "" {
		return
	}
	s.inSlot = inBackground(ctx, func(ctx context.Context) (smoke.Result, error) {
		if err := r.waitForOthers(ctx); err != nil {
			return smoke.Result{}, err
		}
		return r.Smoke.Slot(ctx, r.target(), r.Options.ReadyBudget)
	})
}

// startAtFrontDoor lets the suite begin before the traffic moves: its flows wait for the release to answer there.
func (s *suite) startAtFrontDoor(ctx context.Context) {
	r := s.run
	s.outside = inBackground(ctx, func(ctx context.Context) (smoke.Result, error) {
		return r.Smoke.Public(ctx, r.target(), r.Options.ProofBudget)
	})
}

// slotResult is what the suite found in the slot: the one on its way, else one that begins now.
func (s *suite) slotResult(ctx context.Context) (smoke.Result, error) {
	if s.inSlot == nil {
		return s.run.Smoke.Slot(ctx, s.run.target(), 0)
	}
	return s.inSlot.wait(ctx)
}
