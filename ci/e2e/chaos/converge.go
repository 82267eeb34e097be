package chaos

import (
	"fmt"
	"slices"
)

// unsettled says in sentences what keeps an environment from being as it should be after a run: one slot live with as
// many ready pods as it asks for, of the recorded images; the other slot parked, or as ready; the lock free; no run open.
func (s Snapshot) unsettled(services []string) []string {
	var wrong []string
	for _, service := range services {
		if _, found := s.Selected[service]; !found {
			wrong = append(wrong, "there is no Service "+service)
		}
	}
	live := s.live()
	if live == "" {
		wrong = append(wrong, fmt.Sprintf("the stable Services select no slot together: %v", s.Selected))
	} else {
		wrong = append(wrong, s.notReady(live, services)...)
	}
	for slot := range s.Slots {
		if slot != live && live != "" {
			wrong = append(wrong, s.neitherParkedNorWarm(slot, services)...)
		}
	}
	if s.Holder != "" {
		wrong = append(wrong, "the lock is held by "+s.Holder)
	}
	for _, record := range s.Records {
		if record.Running() {
			wrong = append(wrong, fmt.Sprintf("revision %d is open at step %s", record.Revision, record.Step))
		}
	}
	slices.Sort(wrong)
	return wrong
}

func (s Snapshot) notReady(slot string, services []string) []string {
	var wrong []string
	if s.version(slot) == "" {
		wrong = append(wrong, fmt.Sprintf("slot %s has no release, or several", slot))
	}
	for _, service := range services {
		workload := s.Slots[slot][service]
		if workload.Desired == 0 || workload.Ready < workload.Desired {
			wrong = append(wrong, fmt.Sprintf("%s in slot %s has %d ready pods of %d", service, slot, workload.Ready, workload.Desired))
		}
		wrong = append(wrong, s.notAsRecorded(slot, service)...)
	}
	return wrong
}

// notAsRecorded compares the images of pods with those of the record.
func (s Snapshot) notAsRecorded(slot, service string) []string {
	workload := s.Slots[slot][service]
	want := digestOf(s.images(workload.Version)[service])
	if want == "" {
		return nil // no record tells
	}
	var wrong []string
	for _, image := range workload.Images {
		if digestOf(image) != want {
			wrong = append(wrong, fmt.Sprintf("%s in slot %s runs %s, the record of %s says %s", service, slot, digestOf(image), workload.Version, want))
		}
	}
	return wrong
}

func (s Snapshot) neitherParkedNorWarm(slot string, services []string) []string {
	parked, warm := true, true
	for _, service := range services {
		workload := s.Slots[slot][service]
		parked = parked && workload.Desired == 0
		warm = warm && workload.Desired > 0 && workload.Ready >= workload.Desired
	}
	if parked || warm {
		return nil
	}
	return []string{fmt.Sprintf("slot %s is neither parked nor warm", slot)}
}
