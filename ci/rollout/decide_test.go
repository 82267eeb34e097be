package rollout

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/record"
)

var (
	journalled = []record.Step{record.StepApply, record.StepWait, record.StepVerify, record.StepSwitch, record.StepProve, record.StepWatch,
		record.StepNarrow, record.StepSettle, record.StepUndo}
	trafficSides = []traffic{trafficElsewhere, trafficSplit, trafficHere}
	asked        = aim{Action: record.Deploy, Revision: "asked"}
)

// every is the whole product of what a decision may rest on.
func every() []situation {
	aims := []aim{asked, {Action: record.Deploy, Revision: "other"}, {Action: record.Rollback, Revision: "asked", Restores: 3}, {Action: record.Rollback, Revision: "asked", Restores: 4}}
	var all []situation
	for _, wanted := range aims {
		for _, live := range []string{"", "asked", "other"} {
			for _, clean := range []bool{false, true} {
				all = append(all, situation{Asked: wanted, Live: live, Clean: clean})
				for _, left := range aims {
					for _, step := range journalled {
						for _, slotted := range []bool{false, true} {
							for _, moved := range trafficSides {
								all = append(all, situation{Asked: wanted, Live: live, Clean: clean, Left: &unfinished{Aim: left, Step: step, Slotted: slotted, Traffic: moved}})
							}
						}
					}
				}
			}
		}
	}
	return all
}

// What must hold of each decision, whatever the state that hands or kills left.
func TestEveryDecision(t *testing.T) {
	for _, s := range every() {
		decided, at := decide(s)
		left := s.Left
		where := fmt.Sprintf("%+v, left %+v: %s at %q", s, left, decided, at)
		resumes := decided == decideResume
		assert.Equal(t, resumes, at != "", "a step is named to resume at, and only then: %s", where)
		if left == nil {
			// Without an unfinished run the decision is the last one, and nothing is done only if all of it is so.
			assert.Equal(t, s.Clean && s.Live == s.Asked.Revision, decided == decideNothing, where)
			assert.Contains(t, []decision{decideNothing, decideStart}, decided, where)
			continue
		}
		// An unfinished run is resumed or brought to an end, never left or forgotten.
		assert.NotContains(t, []decision{decideNothing, decideStart}, decided, where)
		if resumes {
			assert.Equal(t, s.Asked, left.Aim, "only the same aim is gone on with: %s", where)
			assert.NotEqual(t, record.StepUndo, left.Step, "what is being taken back is not gone on with: %s", where)
		}
		if decided == decideSettle {
			assert.Equal(t, record.StepSettle, left.Step, "only what was found good is settled: %s", where)
		}
		if decided == decideUndo {
			assert.True(t, left.Slotted, "without slots the next run need not wait for what may never be ready: %s", where)
			assert.NotEqual(t, record.StepSettle, left.Step, "what was found good is not taken back: %s", where)
		}
		if decided == decideClose && left.Slotted {
			assert.Equal(t, trafficHere, left.Traffic, "traffic is never left split, nor an idle slot full: %s", where)
		}
		if resumes && left.Slotted && left.Traffic != trafficHere && left.Step != record.StepSettle {
			assert.Contains(t, []record.Step{record.StepApply, record.StepSwitch}, at, "what the traffic has not reached is not proven: %s", where)
		}
		if resumes && left.Slotted && left.Traffic == trafficHere {
			assert.Contains(t, []record.Step{record.StepProve, record.StepSettle}, at, "what has the traffic is not applied again: %s", where)
		}
	}
}

func TestDecisionsByName(t *testing.T) {
	other := aim{Action: record.Deploy, Revision: "other"}
	for name, test := range map[string]struct {
		situation
		decided decision
		at      record.Step
	}{
		"nothing is there":                       {situation{Asked: asked}, decideStart, ""},
		"it is live, all of it":                  {situation{Asked: asked, Live: "asked", Clean: true}, decideNothing, ""},
		"it is live, and something is left over": {situation{Asked: asked, Live: "asked"}, decideStart, ""},
		"killed before the switch":               {situation{Asked: asked, Left: &unfinished{Aim: asked, Step: record.StepVerify, Slotted: true, Traffic: trafficElsewhere}}, decideResume, record.StepApply},
		"killed in the switch":                   {situation{Asked: asked, Left: &unfinished{Aim: asked, Step: record.StepSwitch, Slotted: true, Traffic: trafficSplit}}, decideResume, record.StepSwitch},
		"killed in the watch":                    {situation{Asked: asked, Left: &unfinished{Aim: asked, Step: record.StepWatch, Slotted: true, Traffic: trafficHere}}, decideResume, record.StepProve},
		"killed in settle":                       {situation{Asked: asked, Left: &unfinished{Aim: asked, Step: record.StepSettle, Slotted: true, Traffic: trafficHere}}, decideResume, record.StepSettle},
		"killed in settle, another is asked":     {situation{Asked: asked, Left: &unfinished{Aim: other, Step: record.StepSettle, Slotted: true, Traffic: trafficHere}}, decideSettle, ""},
		"killed while taken back":                {situation{Asked: asked, Left: &unfinished{Aim: asked, Step: record.StepUndo, Slotted: true, Traffic: trafficSplit}}, decideUndo, ""},
		"the same release, other manifests":      {situation{Asked: asked, Left: &unfinished{Aim: other, Step: record.StepProve, Slotted: true, Traffic: trafficHere}}, decideClose, ""},
		"another, killed in the switch":          {situation{Asked: asked, Left: &unfinished{Aim: other, Step: record.StepSwitch, Slotted: true, Traffic: trafficSplit}}, decideUndo, ""},
		"another, killed before the switch":      {situation{Asked: asked, Left: &unfinished{Aim: other, Step: record.StepApply, Slotted: true, Traffic: trafficElsewhere}}, decideUndo, ""},
		"staging killed":                         {situation{Asked: asked, Left: &unfinished{Aim: asked, Step: record.StepWatch, Traffic: trafficHere}}, decideResume, record.StepApply},
		"staging, another killed":                {situation{Asked: asked, Left: &unfinished{Aim: other, Step: record.StepWait, Traffic: trafficHere}}, decideClose, ""},
		"staging, killed while taken back":       {situation{Asked: asked, Left: &unfinished{Aim: other, Step: record.StepUndo, Traffic: trafficHere}}, decideClose, ""},
	} {
		t.Run(name, func(t *testing.T) {
			decided, at := decide(test.situation)
			assert.Equal(t, test.decided, decided)
			assert.Equal(t, test.at, at)
		})
	}
}
