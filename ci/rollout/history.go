package rollout

import (
	"context"
	"fmt"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Observer tells what runs in an environment, and what ran. It only reads.
type Observer struct {
	Application config.Application
	Cluster     *cluster.Cluster
	// Checks are those of other rooms whose problems belong to the state of an environment.
	Checks []preflight.Check
}

// History lists the recorded runs of an environment.
func (o Observer) History(ctx context.Context, environment string) (History, error) {
	f, err := o.look(ctx, environment)
	if err != nil {
		return History{}, err
	}
	history := History{Environment: f.environment.Name, Entries: make([]HistoryEntry, 0, len(f.history.Records))}
	live, parked := f.placed()
	for _, r := range f.history.Records {
		entry := entryOf(r)
		entry.Live = live != nil && live.Revision == r.Revision
		entry.Parked = parked != nil && parked.Revision == r.Revision
		history.Entries = append(history.Entries, entry)
	}
	for _, damaged := range f.history.Damaged {
		history.Damaged = append(history.Damaged, damagedText(damaged))
	}
	return history, nil
}

func damagedText(damaged record.Damaged) string {
	return fmt.Sprintf("record %d cannot be read: %v", damaged.Revision, damaged.Err)
}

// Target finds the release in a slot; an empty slot means what is live. The error says that there is none.
func (o Observer) Target(ctx context.Context, environment, slot string) (release.Target, error) {
	f, err := o.look(ctx, environment)
	if err != nil {
		return release.Target{}, err
	}
	slots := f.environment.Slots
	if slot != "" && !slices.Contains(slots, slot) {
		return release.Target{}, fmt.Errorf("slot %q: %s has %s", slot, f.environment.Name, describeSlots(slots))
	}
	if slot == "" && f.slotted() {
		whole, ok := f.whole()
		if !ok && len(f.selected) > 0 {
			return release.Target{}, fmt.Errorf("%s; run dagger call status --env %s to see what to do", f.disagreement(), f.environment.Name)
		}
		slot = whole
	}
	found := f.recordOf(slot)
	if f.version(slot) == "" || found == nil || !f.occupied(slot) {
		return release.Target{}, fmt.Errorf("%s has no release running in %s; deploy one with dagger call deploy --env %s", f.environment.Name, describeSlot(slot), f.environment.Name)
	}
	return release.Target{Environment: f.environment, Slot: slot, Release: found.Release}, nil
}

// look reads an environment; one whose namespace belongs to something else is refused, and one that does not exist yet
// is empty.
func (o Observer) look(ctx context.Context, name string) (facts, error) {
	environment, err := o.Application.Environment(name)
	if err != nil {
		return facts{}, err
	}
	if _, err := access.Ownership(ctx, o.Cluster, environment, o.Application.Name); err != nil {
		return facts{}, err
	}
	return readFacts(ctx, o.Cluster, o.Application, environment)
}

// placed finds the records of what is live and of what is parked; nil for what is not there.
func (f facts) placed() (live, parked *record.Record) {
	slot, whole := f.whole()
	if !whole {
		return nil, nil
	}
	if f.version(slot) != "" {
		live = f.recordOf(slot)
	}
	if !f.slotted() {
		return live, nil
	}
	if other := f.other(slot); f.version(other) != "" && !f.occupied(other) {
		parked = f.recordOf(other)
	}
	if parked != nil && parked.Outcome != record.Succeeded {
		parked = nil
	}
	return live, parked
}

func entryOf(r record.Record) HistoryEntry {
	entry := HistoryEntry{
		Revision: r.Revision, Action: r.Action, Release: r.Release.Version, Slot: r.Slot, Restores: r.Restores,
		Outcome: r.Outcome, Reason: r.Reason, Holder: r.Holder, Command: r.Command, Started: r.Started,
	}
	if !r.Finished.IsZero() {
		entry.Took = r.Finished.Sub(r.Started)
	}
	return entry
}
