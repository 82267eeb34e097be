package backup

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Target is the moment to go back to.
type Target struct {
	// Time is the moment; zero with Latest.
	Time time.Time
	// Latest goes to the end of the archive.
	Latest bool
}

// ParseTarget reads what the caller typed: a time as in RFC 3339, or latest.
func ParseTarget(toTime string, latest bool, now time.Time) (Target, error) {
	switch {
	case latest == (toTime != ""):
		return Target{}, errors.New("--to-time and --latest: give one of the two, such as --to-time 2026-11-23T10:00:00Z")
	case latest:
		return Target{Latest: true}, nil
	}
	at, err := time.Parse(time.RFC3339Nano, toTime)
	if err != nil {
		return Target{}, fmt.Errorf("--to-time %q: not a time; give one with its zone, such as 2026-11-23T10:00:00Z", toTime)
	}
	if at.After(now) {
		return Target{}, fmt.Errorf("--to-time %s lies in the future, it is %s; give a time before, or --latest", toTime, now.UTC().Format(time.RFC3339))
	}
	return Target{Time: at.UTC()}, nil
}

func (t Target) String() string {
	if t.Latest {
		return "latest"
	}
	return t.Time.Format(time.RFC3339Nano)
}

// postgres is the target as restore.sh takes it.
func (t Target) postgres() string {
	if t.Latest {
		return "latest"
	}
	return t.Time.Format("2006-01-02 15:04:05.999999-07")
}

// within says whether the list's backups and WAL reach the target.
func (l List) within(t Target) error {
	switch {
	case len(l.Backups) == 0:
		return fmt.Errorf("%s has no backup yet; make one: dagger call backup --env %s", l.Environment, l.Environment)
	case t.Latest:
		return nil
	case !t.Time.After(l.Earliest) || t.Time.After(l.Latest):
		return fmt.Errorf("--to-time %s: the backups of %s reach from after %s to %s; give a time between, or --latest",
			t, l.Environment, l.Earliest.Format(time.RFC3339), l.Latest.Format(time.RFC3339))
	}
	return nil
}

// A name that still makes a DNS label with what stands before and behind it.
var nameForm = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)

// checkName refuses what cannot become part of an object's name.
func checkName(name string) error {
	if nameForm.MatchString(name) {
		return nil
	}
	return fmt.Errorf("--into %q: not a name; give up to 40 lower-case letters, digits and dashes, such as before-the-accident", name)
}
