package rollout

import (
	"context"
	"time"
)

// prove asks the front door by fresh connections until only the run's release answers, and runs the smoke suite there.
func (r *run) prove(ctx context.Context) error {
	evidence, err := r.proveDoor(ctx, r.target())
	r.record.Switch, r.result.Switch = evidence, evidence
	if err != nil {
		return err
	}
	smoke, err := r.Smoke.Public(ctx, r.target())
	r.noteSmoke(smoke)
	return err
}

// proveDoor returns the evidence also when it proves the contrary.
func (r *run) proveDoor(ctx context.Context, target Target) (*Switch, error) {
	asked := r.Clock.Now()
	ctx, cancel := context.WithTimeout(ctx, r.Options.ProofBudget)
	defer cancel()
	proof, err := r.FrontDoor.Prove(ctx, target)
	evidence := &Switch{To: target.Slot, Requests: proof.Requests, Old: proof.Old, Failed: proof.Failed}
	if r.record.Replaces > 0 {
		evidence.From = r.record.Previous
	}
	if began := r.switched.began; !began.IsZero() {
		evidence.Patched = r.switched.patched.Sub(began)
		asked = began
	}
	if !proof.Settled.IsZero() {
		evidence.Settled = max(proof.Settled.Sub(asked), time.Duration(0))
	}
	return evidence, err
}
