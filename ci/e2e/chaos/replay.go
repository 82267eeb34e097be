package chaos

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is an event as what prints it: EVENT@STEP#N/VARIANT/TIME, of which all behind the step may be left out.
var event = regexp.MustCompile(`^(.+)@(\w+)(?:#(\d+))?(?:/(\d+))?(?:/([\d.]+(?:ms|s|m)))?$`)

// what names the events of a round, by which it can be repeated.
func (r Round) what() string {
	names := make([]string, len(r.Shots))
	for i, shot := range r.Shots {
		names[i] = fmt.Sprintf("%s@%s#%d/%d/%s", shot.Event, shot.Step, shot.N, shot.Variant, shot.For)
	}
	return strings.Join(names, ", ")
}

// Replay reads rounds as they are printed: events separated by commas, "then" and the command that follows; a semicolon
// between rounds. What is left out is drawn from the seed.
func Replay(seed uint64, text string) ([]Round, error) {
	var rounds []Round
	for number, part := range strings.Split(text, ";") {
		draw := drawFor(seed, number+1)
		round := Round{Number: number + 1, Then: thens[draw.IntN(len(thens))]}
		for word := range strings.SplitSeq(part, ",") {
			word = strings.TrimSpace(word)
			if then, found := strings.CutPrefix(word, "then "); found {
				if round.Then = Then(then); !slices.Contains(thens, round.Then) {
					return nil, fmt.Errorf("reading round %q: nothing is called %q; known are %q", part, then, thens)
				}
				continue
			}
			cell, err := readCell(word)
			if err != nil {
				return nil, fmt.Errorf("reading round %q: %w", part, err)
			}
			if !round.takes(cell) {
				return nil, fmt.Errorf("reading round %q: no run comes to %s after the others", part, word)
			}
			round.add(cell, draw)
			if err := round.settleOn(cell, word); err != nil {
				return nil, fmt.Errorf("reading round %q: %w", part, err)
			}
		}
		rounds = append(rounds, round)
	}
	return rounds, nil
}

func readCell(word string) (Cell, error) {
	found := event.FindStringSubmatch(word)
	if found == nil {
		return Cell{}, fmt.Errorf("%q is no event; give one such as %q", word, "409@apply#3/0")
	}
	cell := Cell{Event(found[1]), Step(found[2])}
	if !slices.Contains(Events, cell.Event) {
		return cell, fmt.Errorf("no event is called %q; known are %q", cell.Event, Events)
	}
	if !slices.Contains(Steps, cell.Step) {
		return cell, fmt.Errorf("no step is called %q; known are %q", cell.Step, Steps)
	}
	return cell, nil
}

// settleOn takes what the word says in place of what was drawn.
func (r *Round) settleOn(cell Cell, word string) (err error) {
	found := event.FindStringSubmatch(word)
	shot := &r.Shots[slices.IndexFunc(r.Shots, func(s Shot) bool { return s.Cell == cell })]
	if found[3] != "" {
		if shot.N, err = strconv.Atoi(found[3]); err != nil {
			return err
		}
	}
	if found[4] != "" {
		if shot.Variant, err = strconv.Atoi(found[4]); err != nil {
			return err
		}
	}
	if found[5] != "" {
		shot.For, err = time.ParseDuration(found[5])
	}
	return err
}
