package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/smoke"
	"github.com/codingbutter/team-dashboard/ci/watch"
)

// Request says what is wanted, by whom.
type Request struct {
	// Environment is the name of the environment.
	Environment string
	// Release is what Deploy deploys; Rollback takes To instead.
	Release release.Release
	// To names what Rollback goes back to: a revision ("3") or a release's version. Empty means the previous revision.
	To string
	// Force makes Rollback switch as soon as the slot has as many ready pods as the live one, and verify afterwards.
	Force bool
	// Watch is how long the release is observed after it took the traffic; zero skips the watch.
	Watch time.Duration
	// LockWait is how long to wait for another run to end; zero refuses at once.
	LockWait time.Duration
	// Holder says who is asking (user@host, or the CI job's URL), Command what they typed; both are recorded.
	Holder  string
	Command string
}

// Result is what a run did. It is filled as far as the run came, also when it returns an error.
type Result struct {
	Environment string         `json:"environment"`
	URL         string         `json:"url"`
	Action      record.Action  `json:"action"`
	Revision    int            `json:"revision,omitempty"`
	Release     string         `json:"release"`
	Slot        string         `json:"slot,omitempty"`
	Outcome     record.Outcome `json:"outcome"`
	Reason      string         `json:"reason,omitempty"`
	// Changed is false when the revision was live already and nothing was written.
	Changed bool `json:"changed"`
	// Before is the release that was live when the run began; empty when there was none.
	Before string `json:"before,omitempty"`
	// Onward is the environment that comes after this one; empty for the last.
	Onward string `json:"onward,omitempty"`
	// Parked is the release that a rollback returns to in seconds; empty when there is none.
	Parked   string          `json:"parked,omitempty"`
	Resumed  string          `json:"resumed,omitempty"`
	Phases   []record.Phase  `json:"phases"`
	Services []ServiceStatus `json:"services,omitempty"`
	Switch   *record.Switch  `json:"switch,omitempty"`
	Watch    *Watch          `json:"watch,omitempty"`
	Smoke    *smoke.Result   `json:"smoke,omitempty"`
	Health   *health.Report  `json:"health,omitempty"`
	Warnings []string        `json:"warnings,omitempty"`
	// Changes are what the API server answered to each write, in the order of the first write of each object.
	Changes []cluster.Change `json:"changes,omitempty"`
}

// Error is a run that did not succeed: what failed, what was done about it, and what the reader can do.
type Error struct {
	Step    record.Step
	Outcome record.Outcome
	// Cause says what failed, on which object, and why.
	Cause error
	// Done says what was done about it, in a sentence.
	Done string
	// Next says what to do, in a sentence.
	Next string
}

func (e *Error) Error() string {
	parts := []string{fmt.Sprintf("%s: %v", e.Step, e.Cause)}
	for _, part := range []string{e.Done, e.Next} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "; ")
}

func (e *Error) Unwrap() error { return e.Cause }

// Watch is what was seen of a release while it took the traffic.
type Watch struct {
	// Asked is how long it was to be observed, Took how long it was.
	Asked time.Duration `json:"asked"`
	Took  time.Duration `json:"took"`
	watch.Result
}
