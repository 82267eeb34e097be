package health

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Proof is what the front door answered while the traffic moved to a target.
type Proof struct {
	// Started is when the first request was made.
	Started time.Time `json:"started"`
	// Settled is when the first of the unbroken line of the target's answers was
	// asked for; zero when there is no such line.
	Settled time.Time `json:"settled,omitzero"`
	// Requests, Old and Failed count all requests, those that another release or
	// another slot answered, and those without an answer or with one of 500 and above.
	Requests int `json:"requests"`
	Old      int `json:"old"`
	Failed   int `json:"failed"`
	// WithoutSlot counts the answers of the target's release that named no slot. It
	// is zero where there are no slots.
	WithoutSlot int `json:"withoutSlot,omitempty"`
	// Last is the latest that was not as wanted, in a sentence; empty if all was.
	Last string `json:"last,omitempty"`
}

const (
	// proveAtOnce is how many connections of a round ask the same service.
	proveAtOnce = 4
	// provenAfter is how many rounds in a row every service must answer as the
	// target, twenty times that is. An old pod that still got a tenth of the
	// connections would stay unseen in one of eight such lines (0.9 to the 20th).
	provenAfter = 5
	// provePause keeps the proof from being a load test.
	provePause = 20 * time.Millisecond
)

// Prove asks every service's public path, each time on a new connection, until
// the target's release answers each of them from the target's slot twenty times in
// a row. It goes on until the context ends, then returns what it has seen so far
// and an error that says who still answers.
//
// An answer that names no slot counts as the target's if its release is, since
// nothing speaks against it; Proof.Doubt says what that leaves unproven.
func (f *FrontDoor) Prove(ctx context.Context, services []config.Service, target release.Target) (Proof, error) {
	proof := Proof{Started: time.Now()}
	for line := 0; line < provenAfter; {
		began := time.Now()
		problems := f.round(ctx, services, target, &proof)
		if err := context.Cause(ctx); err != nil {
			return proof, fmt.Errorf("proving at %s that %s answers: %w; %s", f.url, named(target.Release.Version, target.Slot), err, proof.seen())
		}
		switch {
		case problems > 0:
			line, proof.Settled = 0, time.Time{}
		case line == 0:
			line, proof.Settled = 1, began
		default:
			line++
		}
		cluster.Sleep(ctx, provePause)
	}
	return proof, nil
}

// round asks every service, all at the same time, and counts what came.
func (f *FrontDoor) round(ctx context.Context, services []config.Service, target release.Target, proof *Proof) (problems int) {
	asked := slices.Repeat(services, proveAtOnce)
	answers, errs := make([]Answer, len(asked)), make([]error, len(asked))
	var group errgroup.Group
	for i, service := range asked {
		group.Go(func() error {
			answers[i], errs[i] = f.Get(ctx, service.HealthPath)
			return nil
		})
	}
	_ = group.Wait()
	if ctx.Err() != nil {
		// Requests that the end of the context cut off say nothing of the target.
		return 0
	}
	for i, service := range asked {
		if !proof.count(service.Name+" "+service.HealthPath, answers[i], errs[i], target) {
			problems++
		}
	}
	return problems
}

// count adds one answer, and says whether it was the target's.
func (p *Proof) count(asked string, answer Answer, err error, target release.Target) bool {
	p.Requests++
	switch {
	case err != nil:
		p.Failed++
		p.Last = fmt.Sprintf("%s: no answer: %s", asked, err)
	case answer.Status >= http.StatusInternalServerError || answer.Release == "":
		p.Failed++
		p.Last = fmt.Sprintf("%s answered %d by %s", asked, answer.Status, answer.who())
	case !answer.from(target):
		p.Old++
		p.Last = fmt.Sprintf("%s answered by %s", asked, answer.who())
	default:
		if answer.namesNoSlot(target) {
			p.WithoutSlot++
		}
		return true
	}
	return false
}

// Doubt says what a proof does not prove; empty when it proves all.
func (p Proof) Doubt() string {
	if p.WithoutSlot == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d answers named no slot (%s), so they prove the release and not the slot that has the traffic; let every response of the application carry the header", p.WithoutSlot, p.Requests, headerSlot)
}

func (p Proof) seen() string {
	if p.Last == "" {
		return fmt.Sprintf("%d requests were answered as wanted, too few to tell", p.Requests)
	}
	return fmt.Sprintf("of %d requests %d were answered by another release or slot and %d failed, the latest: %s", p.Requests, p.Old, p.Failed, p.Last)
}
