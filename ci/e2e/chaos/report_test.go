package chaos

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// reported is a round in which events were fired.
func reported(converged bool, cells ...Cell) RoundReport {
	round := RoundReport{Converged: converged, ConvergedIn: time.Minute, Requests: 100}
	for _, cell := range cells {
		round.Fired = append(round.Fired, Fired{Shot: Shot{Cell: cell}})
	}
	return round
}

func TestMatrix(t *testing.T) {
	failed := reported(true, Cell{EtcdStopped, "wait"})
	failed.Fired[0].Trouble = "no process"
	lines := strings.Split(matrix([]RoundReport{
		reported(true, Cell{Conflict, "apply"}, Cell{CLIKilled, "switch"}),
		reported(true, Cell{Conflict, "apply"}),
		reported(false, Cell{HandOnPolicy, "undo"}),
		failed,
	}), "\n")
	row := func(event Event) []string {
		for _, line := range lines {
			if strings.HasPrefix(line, string(event)+" ") {
				return strings.Fields(strings.TrimPrefix(line, string(event)))
			}
		}
		return nil
	}
	assert.Equal(t, []string{"EVENT", "LOCK", "APPLY", "WAIT", "VERIFY", "SWITCH", "PROVE", "WATCH", "SETTLE", "UNDO"}, strings.Fields(lines[0]))
	assert.Equal(t, strings.Fields(". 2 . . . . . . ."), row(Conflict))
	assert.Equal(t, strings.Fields(". . . . 1 . . . ."), row(CLIKilled))
	assert.Equal(t, strings.Fields(". . . . . . . . 1!"), row(HandOnPolicy))
	assert.Equal(t, strings.Fields(". . . . . . . . ."), row(EtcdStopped), "what could not be fired fills no cell")
	assert.Contains(t, lines[len(Events)+1], "168 of 171 cells are empty")
}

func TestReportCounts(t *testing.T) {
	bad := reported(false)
	bad.ConvergedIn = 0
	bad.Failed, bad.Unexplained, bad.Explained = 7, 3, map[Cause]int{ByPods: 4}
	bad.Violations, bad.Unsettled = []string{"it says what is not so"}, []string{"no Service dashboard"}
	good := reported(true)
	assert.True(t, Merge(Report{Rounds: []RoundReport{good}}).Good())

	report := Merge(Report{Rounds: []RoundReport{good}}, Report{Rounds: []RoundReport{bad}})
	assert.False(t, report.Good())
	text := report.String()
	assert.Contains(t, text, "2 rounds, 0 events; 200 requests, 7 failed, 4 by pods, 3 unexplained")
	assert.Contains(t, text, "1 not converged; longest time to converge 1m0s; 1 violations")
	assert.Contains(t, text, "it says what is not so")
	assert.Contains(t, text, "no Service dashboard")
}
