package preflight

import (
	"fmt"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Report holds one Finding for each check.
type Report struct {
	Environment string    `json:"environment"`
	Release     string    `json:"release"`
	Checks      []Finding `json:"checks"`
	// Recreate are objects of the idle slot that have to be made anew, since what changes in them cannot be changed.
	Recreate []cluster.Ref `json:"recreate,omitempty"`
}

// Finding is what one check found.
type Finding struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says what was found, and what to do if it is not OK.
	Detail string `json:"detail"`
	// Warnings stand in nobody's way, and have to be told.
	Warnings []string      `json:"warnings,omitempty"`
	Duration time.Duration `json:"duration"`

	recreate []cluster.Ref
}

// of makes a Finding of what a check found, or of what stands in the way.
func of(detail string, err error) Finding {
	if err != nil {
		return Finding{Detail: err.Error()}
	}
	return Finding{OK: true, Detail: detail}
}

// Warnings are those of all checks.
func (r Report) Warnings() []string {
	var warnings []string
	for _, check := range r.Checks {
		for _, warning := range check.Warnings {
			warnings = append(warnings, check.Name+": "+warning)
		}
	}
	return warnings
}

// Err is nil when every check is OK, else all problems with what to do about each.
func (r Report) Err() error {
	var problems []string
	for _, check := range r.Checks {
		if !check.OK {
			problems = append(problems, check.Name+": "+check.Detail)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	what := fmt.Sprintf("release %q cannot be deployed to %s", r.Release, r.Environment)
	if r.Release == "" {
		what = "no release can be deployed to " + r.Environment
	}
	return fmt.Errorf("%s, nothing was changed: %s", what, strings.Join(problems, "; "))
}
