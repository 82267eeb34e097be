// Package smoke runs the critical user flows of a release, from the release's own smoke image: inside the cluster
// against the Services of a slot, or outside of it against the environment's public URL. The flows lie beside the
// application; this package starts them and reads what they print.
package smoke

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Budget is how long all flows together may take.
const Budget = 3 * time.Minute

// Jobs runs a Job in the cluster; *cluster.Cluster is the real one.
type Jobs interface {
	RunJob(ctx context.Context, job *cluster.Object, options workload.JobOptions) (bool, error)
}

// Outside runs a container that reaches the environment as its users do. It returns what the container printed, also
// when the flows failed; the error says that it could not be run at all.
type Outside func(ctx context.Context, image string, environment map[string]string) (output string, err error)

// Suite runs the smoke suite of an application.
type Suite struct {
	Application config.Application
	Jobs        Jobs
	Outside     Outside
	// Output receives what the flows print, while they run.
	Output io.Writer
}

// Slot runs the flows as a Job against the target's own Services. The flows begin when every service answers,
// or when the patience is over.
func (s Suite) Slot(ctx context.Context, target release.Target, patience time.Duration) (Result, error) {
	heard := hearing{shown: s.Output}
	if _, err := s.Jobs.RunJob(ctx, s.job(target, patience), workload.JobOptions{Budget: patience + Budget, Output: &heard}); err != nil {
		return Result{}, err
	}
	return judge(heard.text.String())
}

// hearing shows what the suite prints and keeps it. The summary is the suite's last word, so the end of its pod, which
// the cluster reports a second or two later, is not waited for.
type hearing struct {
	text  bytes.Buffer
	shown io.Writer
}

func (h *hearing) Write(text []byte) (int, error) {
	_, _ = h.text.Write(text)
	if _, err := h.shown.Write(text); err != nil {
		return 0, err
	}
	if summary, err := summaryOf(linesOf(h.text.String())); err == nil && len(summary.Flows) > 0 {
		return len(text), workload.ErrEnough
	}
	return len(text), nil
}

// Public runs the flows against the environment's URL. The flows begin when the release answers for every service, or
// when the patience is over.
func (s Suite) Public(ctx context.Context, target release.Target, patience time.Duration) (Result, error) {
	urls := map[string]string{}
	for _, service := range s.Application.Services {
		urls[service.Name] = target.Environment.URL
	}
	output, err := s.Outside(ctx, target.Release.Images[s.Application.SmokeImage], environment(urls, target, patience))
	if err != nil {
		return Result{}, err
	}
	_, _ = io.WriteString(s.Output, output)
	return judge(output)
}

// environment is what the suite reads: a URL a service, the release that must answer, and how long to wait until it
// does.
func environment(urls map[string]string, target release.Target, patience time.Duration) map[string]string {
	variables := map[string]string{
		"SMOKE_EXPECT_RELEASE": target.Release.Version,
		"SMOKE_PATIENCE":       strconv.Itoa(int(patience.Seconds())),
	}
	for service, url := range urls {
		variables["SMOKE_"+strings.ToUpper(strings.ReplaceAll(service, "-", "_"))+"_URL"] = url
	}
	return variables
}

// judge reads the summary. The error names every flow that failed.
func judge(printed string) (Result, error) {
	lines := linesOf(printed)
	summary, err := summaryOf(lines)
	if err != nil {
		return Result{}, fmt.Errorf("smoke suite: it ended without a summary; %s", lastWords(lines))
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

// lastWords are the last of the lines that the suite printed.
func lastWords(lines []string) string {
	if words := strings.TrimSpace(strings.Join(lines[max(0, len(lines)-10):], "\n")); words != "" {
		return "its last words:\n" + words
	}
	return "it printed nothing"
}

// pairs are environment variables in the order of their names, so that the same target gives the same Job.
func pairs(variables map[string]string) []any {
	var list []any
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		list = append(list, map[string]any{"name": name, "value": variables[name]})
	}
	return list
}

// Run is Slot when inside, else Public.
func (s Suite) Run(ctx context.Context, target release.Target, inside bool) (Result, error) {
	if inside {
		return s.Slot(ctx, target, 0)
	}
	return s.Public(ctx, target, 0)
}

// Check is the suite as one of the health checks.
func (s Suite) Check(target release.Target, inside bool) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		result, err := s.Run(ctx, target, inside)
		return fmt.Sprintf("%d of %d user flows work", result.Passed, len(result.Flows)), err
	}
}
