package workload

import (
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

const (
	// longestLook is how much of a look counts: one that took longer met an API server that was away meanwhile.
	longestLook = 5 * time.Second
	// longestOutage is how long the API server may be away at a stretch before a wait ends with its error.
	longestOutage = 6 * time.Minute
	// warmUp is how long an API server that has come back may refuse what it allows: it has to read the roles first.
	warmUp = 30 * time.Second
)

// tracker is the memory of a wait: what was seen when, in time in which the API server answered.
type tracker struct {
	started  time.Time
	budget   time.Duration
	progress func(string)
	told     map[string]string        // the last line about each object
	since    map[string]time.Duration // when each problem was seen first
	restarts map[string]int32         // of each container in trouble, when it was seen first

	counted  time.Duration // the time in which the API server answered
	looked   time.Time     // the last look, whatever came of it
	answered time.Time     // the last look that was answered
	failed   time.Time     // the last one that was not; zero when there was none
}

func newTracker(options Options) *tracker {
	if options.Budget == 0 {
		options.Budget = defaultBudget
	}
	if options.Progress == nil {
		options.Progress = func(string) {}
	}
	now := time.Now()
	return &tracker{started: now, looked: now, answered: now, budget: options.Budget, progress: options.Progress,
		told: map[string]string{}, since: map[string]time.Duration{}, restarts: map[string]int32{}}
}

// note counts a look that was answered. Of one that was not it returns the error that ends the wait, or nil when the API
// server may come back.
func (t *tracker) note(err error) error {
	now := time.Now()
	defer func() { t.looked = now }()
	switch {
	case err == nil:
		t.counted += min(now.Sub(t.looked), longestLook)
		t.answered = now
		return nil
	case cluster.IsTransient(err):
		t.failed = now
	case now.Sub(t.failed) < warmUp && (cluster.IsForbidden(err) || apierrors.IsUnauthorized(err)):
	default:
		return err
	}
	if now.Sub(t.answered) >= longestOutage {
		return err
	}
	return nil
}

func (t *tracker) over() bool { return t.counted >= t.budget }

// report tells what has changed.
func (t *tracker) report(states []state) {
	for _, state := range states {
		t.tell(state.name, state.String())
	}
}

// tell says a line about an object unless it was the last one.
func (t *tracker) tell(object, line string) {
	if t.told[object] != line {
		t.told[object] = line
		t.progress(line)
	}
}

// overdueProblem is one of an object that has outlasted its tolerance.
type overdueProblem struct {
	state
	problem problem
}

// overdue returns the problems that have outlasted their tolerance.
func (t *tracker) overdue(states []state) []overdueProblem {
	var overdue []overdueProblem
	present := map[string]time.Duration{}
	for _, state := range states {
		for _, found := range state.problems {
			key := strings.Join([]string{state.name, found.pod, found.container, found.tolerance.String()}, "/")
			first, ok := t.since[key]
			if !ok {
				first = t.counted
			}
			present[key] = first
			if t.counted-first >= t.tolerance(found) {
				overdue = append(overdue, overdueProblem{state: state, problem: found})
			}
		}
	}
	t.since = present // a problem that went away starts anew when it comes back
	return overdue
}

// inherited is the age, at the beginning of a wait, from which a pod's problem counts as left over from before.
const inherited = time.Minute

// tolerance is how long the problem may last. What broke a pod before the wait began may have been put right since (a
// Secret was created, an image pushed), so such a pod ends the wait only when it fails again.
func (t *tracker) tolerance(found problem) time.Duration {
	if found.pod == "" || t.started.Sub(found.created) < inherited {
		return found.tolerance
	}
	if _, ok := t.restarts[found.object()]; !ok {
		t.restarts[found.object()] = found.restarts
	}
	if found.restarts > t.restarts[found.object()] {
		return found.tolerance
	}
	return max(found.tolerance, found.retry)
}
