package rollout

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// performance is a run of the smoke suite that begins before its result is needed. It costs a deploy no time then: the
// suite's container is started meanwhile, and its flows begin as soon as every service answers.
type performance struct {
	stop context.CancelFunc
	// cue is closed when the result is needed: then the suite need not wait for anything more.
	cue   chan struct{}
	ended chan struct{}
	smoke smoke.Result
	err   error
}

func perform(ctx context.Context, suite func(ctx context.Context, cue <-chan struct{}) (smoke.Result, error)) *performance {
	ctx, stop := context.WithCancel(ctx)
	begun := &performance{stop: stop, cue: make(chan struct{}), ended: make(chan struct{})}
	go func() {
		defer close(begun.ended)
		begun.smoke, begun.err = suite(ctx, begun.cue)
	}()
	return begun
}

// result waits for the suite's end. When the context ends first, the suite is stopped.
func (p *performance) result(ctx context.Context) (smoke.Result, error) {
	close(p.cue)
	defer p.end()
	select {
	case <-p.ended:
		return p.smoke, p.err
	case <-ctx.Done():
		return smoke.Result{}, context.Cause(ctx)
	}
}

// end returns when nothing of the suite is left.
func (p *performance) end() {
	p.stop()
	<-p.ended
}

// rehearse lets the suite begin before the slot is ready. Only an idle slot can be rehearsed in, and only when the pods
// that were parked there have ended: while no pod is ready, Services send requests to those that end, and a flow that
// begins with one of them meets nobody at its next step.
func (r *run) rehearse(ctx context.Context) {
	if r.record.Slot == "" {
		return
	}
	r.rehearsal = perform(ctx, func(ctx context.Context, cue <-chan struct{}) (smoke.Result, error) {
		if err := r.waitForTheStage(ctx, cue); err != nil {
			return smoke.Result{}, err
		}
		return r.Smoke.Slot(ctx, r.target(), r.Options.ReadyBudget)
	})
}

// waitForTheStage lasts until no pod of the slot is ending, or the cue comes: the slot is ready.
func (r *run) waitForTheStage(ctx context.Context, cue <-chan struct{}) error {
	for {
		pods, err := r.servicePods(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(pods, func(pod *cluster.Object) bool { return pod.GetDeletionTimestamp() != nil }) {
			return nil
		}
		select {
		case <-cue:
			return nil
		default:
		}
		if err := r.Clock.Sleep(ctx, r.Options.PollInterval); err != nil {
			return err
		}
	}
}

// smoke is what the suite found in the slot: the one on its way, else one that begins now.
func (r *run) smoke(ctx context.Context) (smoke.Result, error) {
	if r.rehearsal == nil {
		return r.Smoke.Slot(ctx, r.target(), 0)
	}
	return r.rehearsal.result(ctx)
}

// visit lets the suite begin at the front door before the traffic moves: its flows wait for the release to answer there.
func (r *run) visit(ctx context.Context) {
	r.visitor = perform(ctx, func(ctx context.Context, _ <-chan struct{}) (smoke.Result, error) {
		return r.Smoke.Public(ctx, r.target(), r.Options.ProofBudget)
	})
}

// endPerformances leaves nothing of the suite running.
func (r *run) endPerformances() {
	for _, begun := range []*performance{r.rehearsal, r.visitor} {
		if begun != nil {
			begun.end()
		}
	}
}
