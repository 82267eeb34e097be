package rollout

import "context"

// rehearsal is the smoke suite on its way while pods still start. It costs a deploy no time then: its own pod is placed
// and started meanwhile, and its flows begin as soon as every service answers.
type rehearsal struct {
	stop  context.CancelFunc
	ended chan struct{}
	smoke Smoke
	err   error
}

// rehearse lets the suite begin before the slot is ready. Only an idle slot can be rehearsed in, which has nothing but
// the pods of this release; elsewhere the pods of the release before would answer as well.
func (r *run) rehearse(ctx context.Context) {
	if r.record.Slot == "" {
		return
	}
	ctx, stop := context.WithCancel(ctx)
	begun := &rehearsal{stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(begun.ended)
		begun.smoke, begun.err = r.Smoke.Slot(ctx, r.target(), r.Options.ReadyBudget)
	}()
	r.rehearsal = begun
}

// smoke is what the suite found: the one on its way, else one that begins now. When the context ends first, the suite
// is stopped.
func (r *run) smoke(ctx context.Context) (Smoke, error) {
	if r.rehearsal == nil {
		return r.Smoke.Slot(ctx, r.target(), 0)
	}
	defer r.endRehearsal()
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
