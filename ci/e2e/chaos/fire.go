package chaos

import (
	"context"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
)

// Fired is an event that happened.
type Fired struct {
	Shot
	// At is the write that it happened at.
	At apiproxy.Write `json:"at"`
	// Did says what was done, to which object; Trouble why it could not be done.
	Did     string `json:"did"`
	Trouble string `json:"trouble,omitempty"`
}

var verdicts = map[Event]apiproxy.Verdict{
	Conflict: apiproxy.Conflict, Throttled: apiproxy.Throttle, ServerError: apiproxy.Fail, TimedOut: apiproxy.Hang, AnswerLost: apiproxy.LoseAnswer,
}

// onWrite is the hook of a round's first command: it fires what is due. The write waits until that is done.
func (r *round) onWrite(hungUp context.Context, w apiproxy.Write) apiproxy.Verdict {
	verdict := apiproxy.Pass
	for _, shot := range r.due(w) {
		fired := Fired{Shot: shot, At: w}
		var err error
		var decided apiproxy.Verdict
		if decided, fired.Did, err = r.fire(hungUp, shot); err != nil {
			fired.Trouble = err.Error()
		}
		if decided != apiproxy.Pass {
			verdict = decided
		}
		r.note(fired)
	}
	return verdict
}

// due takes the events that belong to a write: those of its step and number, and those of a step that has ended with
// fewer writes.
func (r *round) due(w apiproxy.Write) []Shot {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended := r.step
	if r.step = Step(w.Step); r.step != ended {
		if _, known := r.seen[ended]; !known && ended != "" {
			r.seen[ended] = r.n
		}
	}
	r.n = w.N
	var due []Shot
	r.left = slices.DeleteFunc(r.left, func(shot Shot) bool {
		n := shot.N
		if seen, known := r.seen[shot.Step]; known {
			n = min(n, seen)
		}
		now := shot.Step == Step(w.Step) && w.N >= n || shot.Step == ended && r.step != ended
		if now {
			due = append(due, shot)
		}
		return now
	})
	return due
}

// fire lets an event happen, and says what becomes of the write and what was done.
func (r *round) fire(hungUp context.Context, shot Shot) (apiproxy.Verdict, string, error) {
	if verdict, found := verdicts[shot.Event]; found {
		return verdict, string(shot.Event), nil
	}
	if name, found := processNames[shot.Event]; found {
		did, err := r.stopProcess(name, shot.For)
		return apiproxy.Pass, did, err
	}
	switch shot.Event {
	case CLIKilled:
		return r.killFirst(hungUp, shot)
	case RunFrozen:
		did, err := r.freezeFirst(shot)
		return apiproxy.Pass, did, err
	case SecondRun:
		args := append(r.others(shot.Variant), "--lock-timeout", []string{"0s", "3m"}[shot.Variant%2])
		err := r.startOther(args...)
		return apiproxy.Pass, "started " + strings.Join(args, " "), err
	case PodsLost:
		did, err := r.losePods(shot)
		return apiproxy.Pass, did, err
	}
	did, err := r.layHands(shot)
	return apiproxy.Pass, did, err
}
