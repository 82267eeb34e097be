package rollout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/record"
)

// ErrNothingToGoBackTo is in the error of a rollback in an environment that has no revision before the live one.
var ErrNothingToGoBackTo = errors.New("there is no revision to go back to")

// rollbackTarget is the revision to go back to: the one asked for, else the newest one that succeeded before the live one.
// After a rollback, "before" means before the revision that was gone back to, so that a second rollback goes further back
// and not to the revision that was fled from.
func (f facts) rollbackTarget(to string) (*record.Record, error) {
	if to != "" {
		return f.named(to)
	}
	if left := f.history.Unfinished(); left != nil {
		return f.beforeUnfinished(left)
	}
	live := f.recordOf(f.live())
	if live == nil {
		// What is live is known to no record: it was applied by hand, or its record is lost.
		if last := f.lastGood(); last != nil {
			return last, nil
		}
		return nil, fmt.Errorf("rolling back %s: %w: no record tells of a revision that succeeded; deploy one with: dagger call deploy --env %s",
			f.environment.Name, ErrNothingToGoBackTo, f.environment.Name)
	}
	for i := range f.history.Records {
		r := &f.history.Records[i]
		if r.Outcome == record.Succeeded && r.Origin() < live.Origin() && r.Digest() != live.Digest() {
			return r, nil
		}
	}
	return nil, fmt.Errorf("rolling back %s: %w: revision %d (%s) is the first that succeeded here; deploy another with: dagger call deploy --env %s",
		f.environment.Name, ErrNothingToGoBackTo, live.Revision, live.Release.Version, f.environment.Name)
}

// beforeUnfinished is where a rollback leads that finds a run which was killed: to the end of a rollback, or to what
// a deploy was about to replace.
func (f facts) beforeUnfinished(left *record.Record) (*record.Record, error) {
	if left.Action == record.Rollback {
		return left, nil
	}
	if before := f.history.Revision(left.Replaces); before != nil {
		return before, nil
	}
	return nil, fmt.Errorf("rolling back %s: %w: revision %d (%s) was interrupted and replaced nothing; finish it with: dagger call deploy --env %s --release %s",
		f.environment.Name, ErrNothingToGoBackTo, left.Revision, left.Release.Version, f.environment.Name, left.Release.Version)
}

// named finds what --to names: a revision, or the version of a release, of which the newest that succeeded counts.
func (f facts) named(name string) (*record.Record, error) {
	number, _ := strconv.Atoi(name)
	for _, damaged := range f.history.Damaged {
		if damaged.Revision == number {
			return nil, fmt.Errorf("rolling back %s to revision %d: its record cannot be read: %w; choose another of: dagger call history --env %s",
				f.environment.Name, number, damaged.Err, f.environment.Name)
		}
	}
	var known []string
	for i := range f.history.Records {
		r := &f.history.Records[i]
		if r.Outcome != record.Succeeded {
			if r.Revision == number {
				return nil, fmt.Errorf("rolling back %s to revision %d: it is %s, not succeeded; choose one of: dagger call history --env %s",
					f.environment.Name, number, r.Outcome, f.environment.Name)
			}
			continue
		}
		if r.Revision == number || r.Release.Version == name {
			return r, nil
		}
		known = append(known, fmt.Sprintf("%d (%s)", r.Revision, r.Release.Version))
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("rolling back %s to %q: %w: nothing was deployed here yet", f.environment.Name, name, ErrNothingToGoBackTo)
	}
	return nil, fmt.Errorf("rolling back %s to %q: no such revision or release; known are %s", f.environment.Name, name, strings.Join(known, ", "))
}
