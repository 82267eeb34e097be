// Package health examines a running release with the five checks that a person
// would make: do its pods run, do its services answer, do they reach their data
// stores, do they answer fast enough, and do the user flows work.
//
// A slot is examined through the API server (Inside), an environment through its
// front door (Outside). A check that fails says which service, what was asked,
// and who answered what.
package health

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Check is one thing to find out. Run returns a sentence for the report, or an
// error that lists all problems it found, one a line.
type Check struct {
	Name string
	Run  func(ctx context.Context) (detail string, err error)
}

// Report is what the checks found, in their order.
type Report struct {
	Environment string        `json:"environment"`
	Slot        string        `json:"slot,omitempty"`
	Release     string        `json:"release,omitempty"`
	Checks      []CheckResult `json:"checks"`
}

// CheckResult is what one check found.
type CheckResult struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail is one sentence when all is well, and one problem a line when not.
	Detail   string        `json:"detail"`
	Duration time.Duration `json:"duration"`
}

// Examine runs the checks one after the other, all of them whatever they find.
func Examine(ctx context.Context, target release.Target, checks []Check) Report {
	report := Report{Environment: target.Environment.Name, Slot: target.Slot, Release: target.Release.Version}
	for _, check := range checks {
		start := time.Now()
		detail, err := check.Run(ctx)
		if err != nil {
			detail = err.Error()
		}
		report.Checks = append(report.Checks, CheckResult{Name: check.Name, OK: err == nil, Detail: detail, Duration: time.Since(start)})
	}
	return report
}

// OK says whether every check passed.
func (r Report) OK() bool { return r.Err() == nil }

// Err names every check that failed, with its problems; nil when none did.
func (r Report) Err() error {
	failed := []string{}
	for _, check := range r.Checks {
		if !check.OK {
			failed = append(failed, check.Name+": "+strings.ReplaceAll(check.Detail, "\n", "; "))
		}
	}
	if len(failed) == 0 {
		return nil
	}
	place := r.Environment
	if r.Slot != "" {
		place += "/" + r.Slot
	}
	return fmt.Errorf("checking the health of %s: %s", place, strings.Join(failed, "; "))
}

// Inside are the checks of a slot, or of an environment without slots, by way of
// the API server: they work before any traffic reaches it.
func Inside(app config.Application, target release.Target, api *cluster.Cluster) []Check {
	place := inside{app, target, api}
	return []Check{Pods(app, target, api), endpoints(target, place), databases(target, place), responseTime(target, place)}
}

// Outside are the checks of an environment through its front door; the pods are
// still looked up by way of the API server.
func Outside(app config.Application, target release.Target, api *cluster.Cluster, door *FrontDoor) []Check {
	place := outside{app, target, door}
	return []Check{Pods(app, target, api), endpoints(target, place), databases(target, place), responseTime(target, place)}
}

// Smoke is the check that the user flows work. run executes them and returns a
// sentence about how many passed.
func Smoke(run func(ctx context.Context) (string, error)) Check {
	return Check{Name: "smoke tests", Run: run}
}

// conclude makes of a check's findings what Check.Run returns.
func conclude(problems []string, detail string, arguments ...any) (string, error) {
	if len(problems) > 0 {
		return "", errors.New(strings.Join(problems, "\n"))
	}
	return fmt.Sprintf(detail, arguments...), nil
}
