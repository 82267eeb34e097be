package chaos

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// matrix shows how often each event was fired at each step, and marks where a round with it was not as it should be.
func matrix(rounds []RoundReport) string {
	fired, bad := map[Cell]int{}, map[Cell]bool{}
	for _, round := range rounds {
		for _, f := range round.Fired {
			if f.Trouble != "" {
				continue
			}
			fired[f.Cell]++
			bad[f.Cell] = bad[f.Cell] || !round.Converged || len(round.Violations) > 0
		}
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "EVENT")
	for _, step := range Steps {
		fmt.Fprintf(table, "\t%s", strings.ToUpper(string(step)))
	}
	empty := 0
	for _, event := range Events {
		fmt.Fprintf(table, "\n%s", event)
		for _, step := range Steps {
			cell := Cell{event, step}
			switch {
			case fired[cell] == 0:
				empty++
				fmt.Fprint(table, "\t.")
			case bad[cell]:
				fmt.Fprintf(table, "\t%d!", fired[cell])
			default:
				fmt.Fprintf(table, "\t%d", fired[cell])
			}
		}
	}
	fmt.Fprintln(table)
	_ = table.Flush()
	if empty > 0 {
		fmt.Fprintf(&text, "%d of %d cells are empty; ! marks rounds that were not as they should be\n", empty, len(Events)*len(Steps))
	}
	return text.String()
}
