package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// Target finds the release in a slot; an empty slot means what is live. The error says that there is none.
func (o Observer) Target(ctx context.Context, environment, slot string) (release.Target, error) {
	s, err := o.look(ctx, environment)
	if err != nil {
		return release.Target{}, err
	}
	slots := s.environment.Slots
	if slot != "" && !slices.Contains(slots, slot) {
		return release.Target{}, fmt.Errorf("slot %q: %s has %s", slot, s.environment.Name, describeSlots(slots))
	}
	if slot == "" {
		if slot, err = s.liveSlot(); err != nil {
			return release.Target{}, fmt.Errorf("%w; run the interrupted deploy again, or roll back", err)
		}
	}
	record := s.recordOf(slot)
	if s.version(slot) == "" || record == nil || !s.occupied(slot) {
		return release.Target{}, fmt.Errorf("%s has no release running in %s; deploy one with dagger call deploy --env %s", s.environment.Name, describePlace(slot), s.environment.Name)
	}
	return release.Target{Environment: s.environment, Slot: slot, Release: record.Release}, nil
}

func describeSlots(slots []string) string {
	if len(slots) == 0 {
		return "no slots; leave --slot out"
	}
	return "the slots " + strings.Join(slots, " and ")
}

func describePlace(slot string) string {
	if slot == "" {
		return "it"
	}
	return "slot " + slot
}
