package chaos

import (
	"fmt"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

// Cause is whose doing an outage is.
type Cause string

const (
	// ByPods and ByNode are injected events by which a Service had no ready endpoint.
	ByPods Cause = "pods"
	ByNode Cause = "node"
	// ByHand is somebody who took a Service, its selector or a policy away. The pipeline is to repair that; until then
	// users see it.
	ByHand Cause = "hand"
)

// Outage is a time in which a Service could not answer, by an injected event.
type Outage struct {
	// Service is empty where it is all of them.
	Service string    `json:"service,omitempty"`
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Cause   Cause     `json:"cause"`
}

// covers says whether a request to a service was on its way during the outage.
func (o Outage) covers(e ledger.Entry, services []string) bool {
	concerned := o.Service == "" || slices.Contains(services, o.Service)
	return concerned && !e.Answered.Before(o.From) && !e.Asked.After(o.To)
}

// Failures are the failed requests of a load, and what is to say for them.
type Failures struct {
	Requests    int
	Failed      int
	Explained   map[Cause]int
	Unexplained []ledger.Entry
}

// explain sorts the failed requests: a path hits services, the first of which is the one that answers.
func explain(entries []ledger.Entry, hits map[string][]string, outages []Outage) Failures {
	found := Failures{Requests: len(entries), Explained: map[Cause]int{}}
	for _, e := range entries {
		if !e.Failed() {
			continue
		}
		found.Failed++
		at := slices.IndexFunc(outages, func(o Outage) bool { return o.covers(e, hits[e.Path]) })
		if at < 0 {
			found.Unexplained = append(found.Unexplained, e)
			continue
		}
		found.Explained[outages[at].Cause]++
	}
	return found
}

// mixedWithin is how soon after one release another one may not answer from the same slot: to put a release into a slot
// takes it out of the traffic for longer.
const mixedWithin = time.Second

// mixed finds slots from which two releases answered side by side.
func mixed(entries []ledger.Entry) []string {
	last := map[string]ledger.Entry{}
	var found []string
	for _, e := range entries {
		if e.Slot == "" || e.Release == "" {
			continue
		}
		before, seen := last[e.Slot]
		if seen && before.Release != e.Release && e.Asked.Sub(before.Answered) < mixedWithin {
			found = append(found, fmt.Sprintf("slot %s answered from %s and %s at %s", e.Slot, before.Release, e.Release, e.Answered.Format(time.TimeOnly)))
		}
		last[e.Slot] = e
	}
	return found
}
