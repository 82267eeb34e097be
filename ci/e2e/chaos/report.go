package chaos

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Report is what a campaign, or several of them, came to.
type Report struct {
	Seed   uint64        `json:"seed"`
	Began  time.Time     `json:"began"`
	Rounds []RoundReport `json:"rounds"`

	Requests     int           `json:"requests"`
	Failed       int           `json:"failed"`
	Explained    map[Cause]int `json:"explained"`
	Unexplained  int           `json:"unexplained"`
	NotConverged int           `json:"notConverged"`
	Violations   int           `json:"violations"`
	// Longest is the longest time that an environment took to be as it should be, from the end of the events.
	Longest time.Duration `json:"longest"`
	// Trouble is how often the test itself could not do what it meant to.
	Trouble int `json:"trouble"`
}

// RoundReport is what a round came to.
type RoundReport struct {
	Round
	Fired    []Fired         `json:"fired"`
	NotFired []Cell          `json:"notFired,omitempty"`
	Commands []CommandReport `json:"commands"`

	Violations []string `json:"violations,omitempty"`
	Trouble    []string `json:"trouble,omitempty"`

	Converged bool `json:"converged"`
	// ConvergedIn counts from the end of the events; Recommended is how many commands it took beyond the one that followed.
	ConvergedIn time.Duration `json:"convergedIn,omitempty"`
	Recommended int           `json:"recommended,omitempty"`
	// Unsettled is what was wrong after each command.
	Unsettled []string `json:"unsettled,omitempty"`

	Requests    int           `json:"requests"`
	Failed      int           `json:"failed"`
	Explained   map[Cause]int `json:"explained,omitempty"`
	Unexplained int           `json:"unexplained,omitempty"`
	Outages     []Outage      `json:"outages,omitempty"`
	Took        time.Duration `json:"took"`
}

// CommandReport is what a command said.
type CommandReport struct {
	Name  string        `json:"name"`
	Args  string        `json:"args"`
	Claim Claim         `json:"claim"`
	Took  time.Duration `json:"took"`
}

// File is the name under which the report is kept: that of the seed, and of the rounds if it has some of them only.
func (r Report) File() string {
	if len(r.Rounds) == 0 || r.Rounds[0].Number == 1 && len(r.Rounds) >= FullRounds {
		return fmt.Sprintf("report-%d.json", r.Seed)
	}
	return fmt.Sprintf("report-%d-%d-%d.json", r.Seed, r.Rounds[0].Number, r.Rounds[len(r.Rounds)-1].Number)
}

// ReadReports reads what is kept in a folder.
func ReadReports(folder string) ([]Report, error) {
	files, err := filepath.Glob(filepath.Join(folder, "report-*.json"))
	if err != nil {
		return nil, err
	}
	var reports []Report
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var report Report
		if err := json.Unmarshal(text, &report); err != nil {
			return nil, fmt.Errorf("reading the report %q: %w", file, err)
		}
		reports = append(reports, report)
	}
	return reports, nil
}

// Merge puts the reports of several seeds together.
func Merge(reports ...Report) Report {
	var all Report
	for _, report := range reports {
		all.Rounds = append(all.Rounds, report.Rounds...)
	}
	return all.sum()
}

// sum counts.
func (r Report) sum() Report {
	r.Explained = map[Cause]int{}
	r.Requests, r.Failed, r.Unexplained, r.NotConverged, r.Violations, r.Trouble, r.Longest = 0, 0, 0, 0, 0, 0, 0
	for _, round := range r.Rounds {
		r.Requests += round.Requests
		r.Failed += round.Failed
		r.Unexplained += round.Unexplained
		r.Violations += len(round.Violations)
		r.Trouble += len(round.Trouble)
		r.Longest = max(r.Longest, round.ConvergedIn)
		for cause, n := range round.Explained {
			r.Explained[cause] += n
		}
		if !round.Converged {
			r.NotConverged++
		}
	}
	return r
}

// Good says that nothing was found, and that the test did what it meant to.
func (r Report) Good() bool {
	return r.Unexplained == 0 && r.NotConverged == 0 && r.Violations == 0 && r.Trouble == 0
}

// String is the report as people read it.
func (r Report) String() string {
	var text strings.Builder
	text.WriteString(matrix(r.Rounds))
	fmt.Fprintf(&text, "\n%d rounds, %d events; %d requests, %d failed", len(r.Rounds), r.events(), r.Requests, r.Failed)
	for _, cause := range slices.Sorted(maps.Keys(r.Explained)) {
		fmt.Fprintf(&text, ", %d by %s", r.Explained[cause], cause)
	}
	fmt.Fprintf(&text, ", %d unexplained\n%d not converged; longest time to converge %s; %d violations, %d troubles of the test itself\n",
		r.Unexplained, r.NotConverged, r.Longest.Round(100*time.Millisecond), r.Violations, r.Trouble)
	for _, round := range r.Rounds {
		for _, violation := range slices.Concat(round.Violations, round.Trouble) {
			fmt.Fprintf(&text, "round %d (%s, then %s): %s\n", round.Number, round.what(), round.Then, violation)
		}
		if !round.Converged {
			fmt.Fprintf(&text, "round %d (%s, then %s): not converged: %s\n", round.Number, round.what(), round.Then, strings.Join(round.Unsettled, " | "))
		}
	}
	return text.String()
}

func (r Report) events() int {
	events := 0
	for _, round := range r.Rounds {
		events += len(round.Fired)
	}
	return events
}

// line is a round in short.
func (r RoundReport) line() string {
	text := fmt.Sprintf("  %d requests, %d failed, %d unexplained; ", r.Requests, r.Failed, r.Unexplained)
	if !r.Converged {
		return text + "NOT CONVERGED: " + strings.Join(slices.Concat(r.Unsettled, r.Trouble), " | ")
	}
	text += fmt.Sprintf("converged in %s", r.ConvergedIn.Round(100*time.Millisecond))
	if r.Recommended > 0 {
		text += fmt.Sprintf(", by %d more commands", r.Recommended)
	}
	return text + fmt.Sprintf("; the round took %s", r.Took.Round(100*time.Millisecond))
}
