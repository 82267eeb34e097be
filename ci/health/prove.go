package health

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// Proof is what the front door answered while the traffic moved to a release.
type Proof struct {
	// Started is when the first request was made.
	Started time.Time `json:"started"`
	// Settled is when the first of the unbroken line of the new release's answers
	// was asked for; zero when there is no such line.
	Settled time.Time `json:"settled,omitzero"`
	// Requests, Old and Failed count all requests, those that another release
	// answered, and those without an answer or with one of 500 and above.
	Requests int `json:"requests"`
	Old      int `json:"old"`
	Failed   int `json:"failed"`
	// Last is the latest that was not as wanted, in a sentence; empty if all was.
	Last string `json:"last,omitempty"`
}

const (
	// proveAtOnce is how many connections of a round ask the same service.
	proveAtOnce = 4
	// provenAfter is how many rounds in a row every service must answer as the new
	// release, twenty times that is. An old pod that still got a tenth of the
	// connections would stay unseen in one of eight such lines (0.9 to the 20th).
	provenAfter = 5
	// provePause keeps the proof from being a load test.
	provePause = 20 * time.Millisecond
)

// Prove asks every service's public path, each time on a new connection, until
// the release answers each of them twenty times in a row. It goes on until the
// context ends, then returns what it has seen so far and an error that says who
// still answers.
func (f *FrontDoor) Prove(ctx context.Context, services []config.Service, release string) (Proof, error) {
	proof := Proof{Started: f.clock.Now()}
	for line := 0; line < provenAfter; {
		began := f.clock.Now()
		problems := f.round(ctx, services, release, &proof)
		if err := context.Cause(ctx); err != nil {
			return proof, fmt.Errorf("proving at %s that release %q answers: %w; %s", f.url, release, err, proof.seen())
		}
		switch {
		case problems > 0:
			line, proof.Settled = 0, time.Time{}
		case line == 0:
			line, proof.Settled = 1, began
		default:
			line++
		}
		// What ends the pause early ends the next round too.
		_ = f.clock.Sleep(ctx, provePause)
	}
	return proof, nil
}

// round asks every service, all at the same time, and counts what came.
func (f *FrontDoor) round(ctx context.Context, services []config.Service, release string, proof *Proof) (problems int) {
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
		// Requests that the end of the context cut off say nothing of the release.
		return 0
	}
	for i, service := range asked {
		proof.Requests++
		whom := service.Name + " " + service.HealthPath
		switch answer := answers[i]; {
		case errs[i] != nil:
			proof.Failed++
			proof.Last = fmt.Sprintf("%s: no answer: %s", whom, errs[i])
		case answer.Status >= http.StatusInternalServerError || answer.Release == "":
			proof.Failed++
			proof.Last = fmt.Sprintf("%s answered %d by %s", whom, answer.Status, answer.who())
		case answer.Release != release:
			proof.Old++
			proof.Last = fmt.Sprintf("%s answered by %s", whom, answer.who())
		default:
			continue
		}
		problems++
	}
	return problems
}

func (p Proof) seen() string {
	if p.Last == "" {
		return fmt.Sprintf("%d requests were answered as wanted, too few to tell", p.Requests)
	}
	return fmt.Sprintf("of %d requests %d were answered by another release and %d failed, the latest: %s", p.Requests, p.Old, p.Failed, p.Last)
}
