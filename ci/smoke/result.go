package smoke

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Result is what the smoke suite found, as its runner prints it.
type Result struct {
	Passed int    `json:"passed"`
	Failed int    `json:"failed"`
	Flows  []Flow `json:"flows"`
}

// Flow is one user flow of the suite.
type Flow struct {
	Name         string  `json:"name"`
	OK           bool    `json:"ok"`
	Milliseconds float64 `json:"ms"`
	Error        string  `json:"error,omitempty"`
}

// Duration is how long the flow took.
func (f Flow) Duration() time.Duration {
	return time.Duration(f.Milliseconds * float64(time.Millisecond))
}

// parse reads the summary of what a suite printed. The error names every flow that failed.
func parse(printed string) (Result, error) {
	lines := linesOf(printed)
	summary, err := summaryOf(lines)
	if err != nil {
		return Result{}, fmt.Errorf("smoke suite: it ended without a summary; %s", lastLines(lines))
	}
	var failed []string
	for _, flow := range summary.Flows {
		if !flow.OK {
			failed = append(failed, fmt.Sprintf("%s: %s", flow.Name, flow.Error))
		}
	}
	switch {
	case len(failed) > 0:
		return summary, fmt.Errorf("smoke suite: %d of %d flows failed: %s", len(failed), len(summary.Flows), strings.Join(failed, "; "))
	case len(summary.Flows) == 0:
		return summary, errors.New("smoke suite: it has no flows; add one beside the application as smoke/flows/<name>.flow.ts")
	}
	return summary, nil
}

func linesOf(printed string) []string { return strings.Split(strings.TrimSpace(printed), "\n") }

// summaryOf reads the last line that the suite prints.
func summaryOf(lines []string) (summary Result, err error) {
	err = json.Unmarshal([]byte(lines[len(lines)-1]), &summary)
	return summary, err
}

func lastLines(lines []string) string {
	if last := strings.TrimSpace(strings.Join(lines[max(0, len(lines)-10):], "\n")); last != "" {
		return "its last lines:\n" + last
	}
	return "it printed nothing"
}
