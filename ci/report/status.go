package report

import (
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// status is an environment at a glance: one word, what is live, what is parked, who deploys.
func (p *page) status(s rollout.Status) {
	p.line("%s: %s", s.Environment, verdict(s))
	rows := [][]string{{"url", s.URL}, {"namespace", s.Namespace}}
	if s.Live != nil {
		rows = append(rows, []string{"live", placed(*s.Live)})
	}
	if s.Parked != nil {
		rows = append(rows, []string{"parked", placed(*s.Parked)})
	}
	if r := s.Running; r != nil {
		rows = append(rows, []string{"running", underWay(*r)})
	}
	if s.Last != nil {
		rows = append(rows, []string{"last run", lastRun(*s.Last)})
	}
	p.columns(rows)
	p.services(s.Services)
	if len(s.Problems) > 0 {
		p.gap()
		p.line("Not as it should be:")
		for _, problem := range s.Problems {
			p.line("  %s", problem)
		}
	}
	var commands []command
	for _, text := range s.Next {
		commands = append(commands, command{text: text})
	}
	p.next(commands...)
}

func verdict(s rollout.Status) string {
	switch {
	case s.Running != nil && s.Running.Alive:
		return fmt.Sprintf("a %s is under way", s.Running.Action)
	case len(s.Problems) > 0:
		return "NEEDS ATTENTION"
	case s.Live == nil:
		return "nothing is deployed here yet"
	}
	return "all is well"
}

func placed(p rollout.Placement) string {
	text := place(p.Release, p.Slot)
	if p.Revision == 0 {
		return text + ", not deployed by the pipeline"
	}
	text += fmt.Sprintf(", revision %d", p.Revision)
	if !p.Since.IsZero() {
		text += ", since " + moment(p.Since)
	}
	return text
}

func underWay(r rollout.Running) string {
	state := "INTERRUPTED"
	if r.Alive {
		state = "by " + r.Holder
	}
	return fmt.Sprintf("%s of %s, revision %d, at step %s, %s, started %s", r.Action, place(r.Release, r.Slot), r.Revision, r.Step, state, moment(r.Started))
}

func lastRun(e rollout.HistoryEntry) string {
	text := fmt.Sprintf("%s of %s, revision %d: %s after %s", e.Action, place(e.Release, e.Slot), e.Revision, e.Outcome, duration(e.Took))
	if e.Reason != "" {
		text += ": " + brief(e.Reason)
	}
	return text
}

// reasonWidth is how much of a reason fits beside the rest of a line; the JSON has all of it.
const reasonWidth = 100

// brief is the beginning of a text that may have many lines.
func brief(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	if letters := []rune(line); len(letters) > reasonWidth {
		return string(letters[:reasonWidth]) + "…"
	}
	return line
}
