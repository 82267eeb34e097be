package chaos

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// Seeds is how many seeds in a row cover every cell, each with FullRounds rounds.
	Seeds      = 5
	FullRounds = 20

	shortestStop, longestStop = time.Second, time.Minute
	variants                  = 12 // divisible by 2, 3 and 4: the numbers of things to choose from
)

// mostWrites bounds the n of a step: how many writes it has at least, where a run has something to do.
var mostWrites = map[Step]int{"lock": 4, "apply": 24, "wait": 2, "verify": 2, "switch": 5, "prove": 2, "watch": 1, "settle": 8, "undo": 5}

// Plan draws the rounds of a seed. Every cell belongs to one seed of five, as in a Latin square: each seed has every
// event and every step, and five seeds in a row have every cell. Fewer rounds than FullRounds leave cells out.
func Plan(seed uint64, rounds int) []Round {
	draw := drawFor(seed, 0)
	plan := make([]Round, rounds)
	for i := range plan {
		plan[i].Number, plan[i].Text = i+1, i%4 == 3
	}
	cells := cellsOf(seed)
	draw.Shuffle(len(cells), func(i, j int) { cells[i], cells[j] = cells[j], cells[i] })
	// What ends a run early leaves no room after it, and must find some before the others do.
	slices.SortStableFunc(cells, func(a, b Cell) int { return cmp.Compare(a.room(), b.room()) })
	for _, cell := range cells {
		place(plan, cell, draw)
	}
	for i := range plan {
		if len(plan[i].Shots) == 0 { // more rounds than cells
			plan[i].add(Cell{Events[draw.IntN(len(Events))], Steps[draw.IntN(len(Steps))]}, draw)
		}
	}
	takeTheWayBack(plan, draw)
	for start := 0; start < len(plan); start += len(thens) {
		for i, then := range draw.Perm(len(thens)) {
			if start+i < len(plan) {
				plan[start+i].Then = thens[then]
			}
		}
	}
	return plan
}

// drawFor is what a seed gives for a round; 0 is the plan of all.
func drawFor(seed uint64, round int) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(round))) }

// cellsOf are a seed's cells. Seeds that differ by five have the same ones, in other combinations.
func cellsOf(seed uint64) []Cell {
	var cells []Cell
	for i, event := range Events {
		for j, step := range Steps {
			if uint64(i+2*j)%Seeds == seed%Seeds {
				cells = append(cells, Cell{event, step})
			}
		}
	}
	return cells
}

// room is how many steps of a run are left for other events beside this one.
func (c Cell) room() int {
	if c.Event.ends() {
		return c.Step.order()
	}
	return len(Steps) - 1
}

// mostShots is how many events a round takes: with more, nobody could say what came of what.
const mostShots = 3

// place gives a cell to the first of the emptiest rounds that can take it.
func place(plan []Round, cell Cell, draw *rand.Rand) {
	for shots := range mostShots {
		for i := range plan {
			if len(plan[i].Shots) == shots && plan[i].takes(cell) {
				plan[i].add(cell, draw)
				return
			}
		}
	}
}

// takes says whether a run can come to all events of the round and to this one: at a step each, none after one that ends
// it, and it either settles or is undone.
func (r Round) takes(cell Cell) bool {
	for _, shot := range r.Shots {
		either := shot.Step == settle && cell.Step == undo || shot.Step == undo && cell.Step == settle
		first, second := shot.Cell, cell
		if cell.Step.order() < shot.Step.order() {
			first, second = second, first
		}
		if first.Step == second.Step || either || first.Event.ends() {
			return false
		}
	}
	return true
}

// add draws the rest of an event.
func (r *Round) add(cell Cell, draw *rand.Rand) {
	span := math.Log(float64(longestStop) / float64(shortestStop))
	stop := time.Duration(float64(shortestStop) * math.Exp(draw.Float64()*span))
	r.Shots = append(r.Shots, Shot{
		Cell: cell, N: 1 + draw.IntN(mostWrites[cell.Step]), Variant: draw.IntN(variants), For: stop.Round(100 * time.Millisecond),
	})
	slices.SortFunc(r.Shots, func(a, b Shot) int { return cmp.Compare(a.Step.order(), b.Step.order()) })
	r.Broken = r.Broken || cell.Step == undo
}

// takeTheWayBack empties, in every second run that is going to be undone, the slot that it goes back to: an undo must not
// move the traffic there as it is.
func takeTheWayBack(plan []Round, draw *rand.Rand) {
	turn := 0
	for i := range plan {
		lost := Cell{PodsLost, prove}
		if !plan[i].Broken || !plan[i].takes(lost) {
			continue
		}
		if turn++; turn%2 == 1 {
			plan[i].add(lost, draw)
		}
	}
}
