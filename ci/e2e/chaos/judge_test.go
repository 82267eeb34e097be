package chaos

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSingleRequestsThatFailChangeNothing(t *testing.T) {
	failed, reverted := Claim{Code: 1, Outcome: "failed", Error: "apply: no"}, Claim{Code: 1, Outcome: "reverted", Error: "watch: no"}
	tests := map[string]struct {
		fired  []Event
		broken bool
		claim  Claim
		want   int
	}{
		"nothing happened, and it went well":      {nil, false, Claim{}, 0},
		"nothing happened, and it failed":         {nil, false, failed, 1},
		"a 409, and it went well":                 {[]Event{Conflict}, false, Claim{}, 0},
		"a 409, and it failed":                    {[]Event{Conflict}, false, failed, 1},
		"a 409 and a lost answer, and it failed":  {[]Event{Conflict, AnswerLost}, false, failed, 1},
		"a 409 and a hand, and it failed":         {[]Event{Conflict, HandOnPolicy}, false, failed, 0},
		"broken, and it was taken back":           {[]Event{Throttled}, true, reverted, 0},
		"broken, and it failed before it came so": {[]Event{Throttled}, true, failed, 1},
		"broken, and nobody noticed":              {nil, true, Claim{}, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &round{campaign: &campaign{Config: Config{Log: io.Discard}}, plan: Round{Broken: test.broken}}
			r.report.Commands = []CommandReport{{Claim: test.claim}}
			for _, event := range test.fired {
				r.report.Fired = append(r.report.Fired, Fired{Shot: Shot{Cell: Cell{Event: event}}})
			}
			r.judgePassing()
			assert.Len(t, r.report.Violations, test.want)
		})
	}
}
