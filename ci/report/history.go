package report

import (
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// history is a table of runs. A revision is what rollback --to takes.
func (p *page) history(h rollout.History) {
	if len(h.Entries) == 0 {
		p.line("%s: nothing was deployed here yet.", h.Environment)
		p.next(command{text: "dagger call deploy --env " + h.Environment})
		return
	}
	p.line("%s, the newest first", h.Environment)
	var rows [][]string
	for _, entry := range h.Entries {
		rows = append(rows, []string{fmt.Sprint(entry.Revision), state(entry), entry.Release, dash(entry.Slot), did(entry), moment(entry.Started), took(entry), entry.Holder, brief(entry.Reason)})
	}
	p.table([]string{"REVISION", "", "RELEASE", "SLOT", "OUTCOME", "STARTED", "TOOK", "BY", "REASON"}, rows)
	for _, damaged := range h.Damaged {
		p.line("%s", damaged)
	}
	p.next(command{fmt.Sprintf("dagger call rollback --env %s --to REVISION", h.Environment), "go back to one that succeeded"})
}

func state(e rollout.HistoryEntry) string {
	switch {
	case e.Live:
		return "live"
	case e.Parked:
		return "parked"
	}
	return ""
}

func did(e rollout.HistoryEntry) string {
	if e.Restores > 0 {
		return fmt.Sprintf("%s to %d %s", e.Action, e.Restores, e.Outcome)
	}
	return fmt.Sprintf("%s %s", e.Action, e.Outcome)
}

func took(e rollout.HistoryEntry) string {
	if e.Took == 0 {
		return "-"
	}
	return duration(e.Took)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
