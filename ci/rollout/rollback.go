package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNothingToGoBackTo is in the error of a rollback in an environment that has no release before the live one.
var ErrNothingToGoBackTo = errors.New("there is no release to go back to")

// rollbackTarget is the record to go back to: the one asked for, else the newest one that succeeded before the live
// one. After a rollback, "before" means before the release that was gone back to, so that a second rollback goes
// further back and not to the release that was fled from.
func (r *run) rollbackTarget() (*Record, error) {
	if r.request.To != "" {
		return r.state.named(r.request.To)
	}
	if left := r.state.unfinished(); left != nil {
		return r.state.beforeUnfinished(left)
	}
	slot, err := r.state.liveSlot()
	if err != nil {
		return nil, err
	}
	live := r.state.recordOf(slot)
	if live == nil {
		return nil, fmt.Errorf("rolling back %s: %w: no record tells of the live release; deploy one with: dagger call deploy --env %s",
			r.environment.Name, ErrNothingToGoBackTo, r.environment.Name)
	}
	for i := range r.state.records {
		record := &r.state.records[i]
		if record.Outcome == OutcomeSucceeded && record.Origin() < live.Origin() && !sameRelease(*record, *live) {
			return record, nil
		}
	}
	return nil, fmt.Errorf("rolling back %s: %w: %s is the first that succeeded here; deploy another with: dagger call deploy --env %s",
		r.environment.Name, ErrNothingToGoBackTo, live.Release.Version, r.environment.Name)
}

// beforeUnfinished is where a rollback leads that finds a run which was killed: to the end of a rollback, or to what
// a deploy was about to replace.
func (s state) beforeUnfinished(left *Record) (*Record, error) {
	if left.Action == ActionRollback {
		return left, nil
	}
	if record := s.revision(left.Replaces); record != nil {
		return record, nil
	}
	return nil, fmt.Errorf("rolling back %s: %w: revision %d (%s) was interrupted and replaced nothing; finish it with: dagger call deploy --env %s --release %s",
		s.environment.Name, ErrNothingToGoBackTo, left.Revision, left.Release.Version, s.environment.Name, left.Release.Version)
}

// named finds what --to names: a revision, or the version of a release, of which the newest that succeeded counts.
func (s state) named(name string) (*Record, error) {
	number, _ := strconv.Atoi(name)
	var known []string
	for i := range s.records {
		record := &s.records[i]
		if record.Outcome != OutcomeSucceeded {
			if record.Revision == number {
				return nil, fmt.Errorf("rolling back %s to revision %d: it is %s, not succeeded; choose one of: dagger call history --env %s",
					s.environment.Name, number, record.Outcome, s.environment.Name)
			}
			continue
		}
		if record.Revision == number || record.Release.Version == name {
			return record, nil
		}
		known = append(known, fmt.Sprintf("%d (%s)", record.Revision, record.Release.Version))
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("rolling back %s to %q: %w: nothing was deployed here yet", s.environment.Name, name, ErrNothingToGoBackTo)
	}
	return nil, fmt.Errorf("rolling back %s to %q: no such revision or release; known are %s", s.environment.Name, name, strings.Join(known, ", "))
}

func sameRelease(a, b Record) bool {
	return a.Release.Version == b.Release.Version && a.Release.Same(b.Release)
}
