package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestASeedGivesTheSameRounds(t *testing.T) {
	assert.Equal(t, Plan(7, FullRounds), Plan(7, FullRounds))
	assert.NotEqual(t, Plan(7, FullRounds), Plan(12, FullRounds), "of the same cells, but another seed")
}

func TestFiveSeedsCoverTheMatrix(t *testing.T) {
	for _, first := range []uint64{0, 1, 42, 1000, 31337} {
		covered := map[Cell]bool{}
		for seed := first; seed < first+Seeds; seed++ {
			for _, round := range Plan(seed, FullRounds) {
				for _, shot := range round.Shots {
					covered[shot.Cell] = true
				}
			}
		}
		var missing []Cell
		for _, event := range Events {
			for _, step := range Steps {
				if !covered[Cell{event, step}] {
					missing = append(missing, Cell{event, step})
				}
			}
		}
		assert.Empty(t, missing, "seeds from %d", first)
	}
}

func TestEverySeedHasEveryEventEveryStepAndEveryCommand(t *testing.T) {
	for seed := range uint64(50) {
		events, steps, followed := map[Event]bool{}, map[Step]bool{}, map[Then]int{}
		emptied := 0
		for _, round := range Plan(seed, FullRounds) {
			followed[round.Then]++
			for _, shot := range round.Shots {
				events[shot.Event], steps[shot.Step] = true, true
				if shot.emptiesWayBack(round) {
					emptied++
				}
			}
		}
		assert.Len(t, events, len(Events))
		assert.Len(t, steps, len(Steps))
		assert.Positive(t, emptied, "seed %d never empties the slot that an undo goes back to", seed)
		for _, then := range thens {
			assert.Equal(t, FullRounds/len(thens), followed[then])
		}
	}
}

// What is planned can happen: a run that an event ended has no later one.
func TestEveryRoundCanHappen(t *testing.T) {
	for seed := range uint64(50) {
		for _, round := range Plan(seed, FullRounds+7) {
			assert.NotEmpty(t, round.Shots)
			assert.LessOrEqual(t, len(round.Shots), mostShots)
			settles, undoes := false, false
			for i, shot := range round.Shots {
				if i > 0 {
					assert.Greater(t, shot.Step.order(), round.Shots[i-1].Step.order())
					assert.False(t, round.Shots[i-1].Event.ends(), "%s comes after %s", shot.Event, round.Shots[i-1].Event)
				}
				assert.GreaterOrEqual(t, shot.N, 1)
				assert.LessOrEqual(t, shot.N, mostWrites[shot.Step])
				assert.GreaterOrEqual(t, shot.For, shortestStop)
				assert.LessOrEqual(t, shot.For, longestStop)
				settles, undoes = settles || shot.Step == settle, undoes || shot.Step == undo
			}
			assert.False(t, settles && undoes)
			assert.Equal(t, undoes, round.Broken)
		}
	}
}
