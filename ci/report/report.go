// Package report prints results: as text for people, who want to know at a glance what just happened, whether it
// worked and what to do now, and as JSON for machines.
package report

import (
	"encoding/json"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/backup"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/monitoring"
	"github.com/codingbutter/team-dashboard/ci/rollout"
	"github.com/codingbutter/team-dashboard/ci/secrets"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// The formats of a report.
const (
	Text = "text"
	JSON = "json"
)

// CheckFormat refuses what Print does not know.
func CheckFormat(format string) error {
	if format == Text || format == JSON {
		return nil
	}
	return fmt.Errorf("--format %q: unknown; give text or json", format)
}

// Print writes a result in a format. JSON has the fields of the result; durations in it are nanoseconds.
func Print(result any, format string) (string, error) {
	return write(result, format, false)
}

// PrintVerbose is Print with everything that was found, where Print leaves out what is as it should be.
func PrintVerbose(result any, format string) (string, error) {
	return write(result, format, true)
}

func write(result any, format string, verbose bool) (string, error) {
	if err := CheckFormat(format); err != nil {
		return "", err
	}
	if format == JSON {
		data, err := json.MarshalIndent(result, "", "  ")
		if err != nil {
			return "", fmt.Errorf("writing the result as JSON: %w", err)
		}
		return string(data) + "\n", nil
	}
	p := &page{verbose: verbose}
	if !p.add(result) {
		return "", fmt.Errorf("printing a %T: there is no text for it", result)
	}
	return p.String(), nil
}

// add reports whether the result is of a kind that has a text.
func (p *page) add(result any) bool {
	switch result := result.(type) {
	case rollout.Result:
		p.result(result)
	case rollout.Preview:
		p.preview(result)
	case rollout.Status:
		p.status(result)
	case rollout.History:
		p.history(result)
	case smoke.Result:
		p.smoke(result)
	case backup.Made:
		p.made(result)
	case backup.List:
		p.backups(result)
	case backup.Restored:
		p.restored(result)
	case health.Report:
		p.health(result)
	case secrets.Report:
		p.secrets(result)
	case monitoring.Deployment:
		p.monitored(result)
	case monitoring.Status:
		p.monitoring(result)
	case secrets.Rotation:
		p.rotation(result)
	default:
		return false
	}
	return true
}

// failure is an error that shows how far a run came.
type failure struct {
	cause error
	text  string
}

// Failure adds to an error what its result shows. The error's own text comes first: it says all that matters.
func Failure(result any, cause error) error {
	p := &page{verbose: true}
	if r, ok := result.(rollout.Result); ok {
		p.failedRun(r)
	} else {
		p.add(result)
	}
	if p.String() == "" {
		return cause
	}
	return &failure{cause: cause, text: p.String()}
}

func (f *failure) Error() string { return f.cause.Error() + "\n\n" + f.text }

func (f *failure) Unwrap() error { return f.cause }
