package rollout

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
)

// Observer tells what runs in an environment, and what ran. It only reads.
type Observer struct {
	Application config.Application
	Cluster     Reader
	Clock       Clock
}

// History lists the recorded runs of an environment.
func (o Observer) History(ctx context.Context, environment string) (History, error) {
	s, err := o.look(ctx, environment)
	if err != nil {
		return History{}, err
	}
	history := History{Environment: s.environment.Name, Entries: make([]HistoryEntry, 0, len(s.records))}
	live, parked := s.placed()
	for _, record := range s.records {
		entry := entryOf(record)
		entry.Live = live != nil && live.Revision == record.Revision
		entry.Parked = parked != nil && parked.Revision == record.Revision
		history.Entries = append(history.Entries, entry)
	}
	return history, nil
}

// look reads an environment; one whose namespace belongs to something else is refused, and one that does not exist yet
// is empty.
func (o Observer) look(ctx context.Context, name string) (state, error) {
	environment, err := o.Application.Environment(name)
	if err != nil {
		return state{}, err
	}
	if _, err := preflight.Ownership(ctx, o.Cluster, environment, o.Application.Name); err != nil {
		return state{}, err
	}
	return readState(ctx, o.Cluster, o.Application, environment)
}

// placed finds the records of what is live and of what is parked; nil for what is not there.
func (s state) placed() (live, parked *Record) {
	slot, err := s.liveSlot()
	if err != nil {
		return nil, nil
	}
	if s.version(slot) != "" {
		live = s.recordOf(slot)
	}
	for _, other := range s.environment.Slots {
		if other != slot && slot != "" && s.version(other) != "" && !s.occupied(other) {
			parked = s.recordOf(other)
		}
	}
	if parked != nil && parked.Outcome != OutcomeSucceeded {
		parked = nil
	}
	return live, parked
}

func entryOf(record Record) HistoryEntry {
	entry := HistoryEntry{
		Revision: record.Revision, Action: record.Action, Release: record.Release.Version, Slot: record.Slot, Restores: record.Restores,
		Outcome: record.Outcome, Reason: record.Reason, Holder: record.Holder, Command: record.Command, Started: record.Started,
	}
	if !record.Finished.IsZero() {
		entry.Took = record.Finished.Sub(record.Started)
	}
	return entry
}
