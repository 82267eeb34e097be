package chaos

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/journal"
)

var two = []string{"dashboard", "agent-manager"}

// settled is an environment as it should be: v2 live in green, v1 parked in blue.
func settled() Snapshot {
	slot := func(version string, pods int) map[string]Workload {
		slot := map[string]Workload{}
		for _, service := range two {
			slot[service] = Workload{Version: version, Desired: pods, Ready: pods}
			if pods > 0 {
				workload := slot[service]
				workload.Images = []string{"example.com/" + service + "@sha256:" + version}
				slot[service] = workload
			}
		}
		return slot
	}
	record := func(revision int, version, slot string) journal.Record {
		r := journal.Record{Revision: revision, Action: "deploy", Slot: slot, Step: "settle", Outcome: "succeeded"}
		r.Release.Version = version
		r.Release.Images = map[string]string{"dashboard": "example.com/dashboard@sha256:" + version, "agent-manager": "example.com/agent-manager@sha256:" + version}
		return r
	}
	return Snapshot{
		Selected: map[string]string{"dashboard": "green", "agent-manager": "green"},
		Slots:    map[string]map[string]Workload{"blue": slot("v1", 0), "green": slot("v2", 3)},
		Records:  []journal.Record{record(2, "v2", "green"), record(1, "v1", "blue")},
		Shared:   map[string]string{"NetworkPolicy/redis": "1"},
	}
}

// change changes one service of a slot.
func (s Snapshot) change(slot, service string, change func(*Workload)) {
	workload := s.Slots[slot][service]
	change(&workload)
	s.Slots[slot][service] = workload
}

func TestUnsettled(t *testing.T) {
	tests := map[string]struct {
		change func(*Snapshot)
		want   string // empty: nothing is wrong
	}{
		"as it should be":          {func(*Snapshot) {}, ""},
		"a damaged record":         {func(s *Snapshot) { s.Damaged = []string{"record-1"} }, ""},
		"warm":                     {func(s *Snapshot) { s.Slots["blue"] = s.Slots["green"] }, ""},
		"half parked":              {func(s *Snapshot) { s.change("blue", "dashboard", func(w *Workload) { w.Desired = 1 }) }, "neither parked nor warm"},
		"a Service is gone":        {func(s *Snapshot) { delete(s.Selected, "dashboard") }, "no Service dashboard"},
		"Services do not agree":    {func(s *Snapshot) { s.Selected["dashboard"] = "blue" }, "select no slot together"},
		"Services select nothing":  {func(s *Snapshot) { s.Selected = map[string]string{"dashboard": "", "agent-manager": ""} }, "select no slot together"},
		"a pod is missing":         {func(s *Snapshot) { s.change("green", "dashboard", func(w *Workload) { w.Ready = 2 }) }, "2 ready pods of 3"},
		"the live slot is empty":   {func(s *Snapshot) { s.change("green", "dashboard", func(w *Workload) { w.Desired, w.Ready = 0, 0 }) }, "0 ready pods of 0"},
		"two releases in the slot": {func(s *Snapshot) { s.change("green", "dashboard", func(w *Workload) { w.Version = "v1" }) }, "no release, or several"},
		"another image": {func(s *Snapshot) {
			s.change("green", "dashboard", func(w *Workload) { w.Images = []string{"x@sha256:other"} })
		}, "runs sha256:other"},
		"the lock is held":          {func(s *Snapshot) { s.Holder = "ada" }, "held by ada"},
		"a run that did not end":    {func(s *Snapshot) { s.Records[0].Outcome, s.Records[0].Step = "running", "wait" }, "open at step wait"},
		"no record of what is live": {func(s *Snapshot) { s.Records = nil }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := settled()
			test.change(&s)
			got := s.unsettled(two)
			if test.want == "" {
				assert.Empty(t, got)
				return
			}
			assert.NotEmpty(t, got)
			assert.Contains(t, strings.Join(got, "\n"), test.want)
		})
	}
}
