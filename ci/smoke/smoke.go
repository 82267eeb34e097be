// Package smoke runs the critical user flows of a release, from the release's own smoke image: inside the cluster
// against the Services of a slot, or outside of it against the environment's public URL. The flows lie beside the
// application; this package starts them and reads what they print.
package smoke

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// Suite runs the smoke suite of an application.
type Suite struct {
	Application config.Application
	Cluster     *cluster.Cluster
	// RunContainer runs a container that reaches the environment as its users do. It returns what the container printed,
	// also when the flows failed; the error says that it could not be run at all.
	RunContainer func(ctx context.Context, image string, environment map[string]string) (output string, err error)
	// Output receives what the flows print, while they run.
	Output io.Writer
}

// Run is Slot when inside, else Public, of a release that answers already.
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

// Slot runs the flows as a Job against the target's own Services. The flows begin when every service answers, at the
// latest after the start timeout.
func (s Suite) Slot(ctx context.Context, target release.Target, startTimeout time.Duration) (Result, error) {
	printed := transcript{shown: s.Output}
	options := workload.JobOptions{Budget: startTimeout + Budget, Output: &printed}
	if _, err := workload.RunJob(ctx, s.Cluster, s.job(target, startTimeout), options); err != nil {
		return Result{}, err
	}
	return parse(printed.text.String())
}

// transcript shows what the suite prints and keeps it. The summary is the suite's last line, so the end of its pod, which
// the cluster reports a second or two later, is not waited for.
type transcript struct {
	text  bytes.Buffer
	shown io.Writer
}

func (t *transcript) Write(text []byte) (int, error) {
	_, _ = t.text.Write(text)
	if _, err := t.shown.Write(text); err != nil {
		return 0, err
	}
	if summary, err := summaryOf(linesOf(t.text.String())); err == nil && len(summary.Flows) > 0 {
		return len(text), workload.ErrSkipRest
	}
	return len(text), nil
}

// Public runs the flows against the environment's URL. The flows begin when the release answers for every service, at the
// latest after the start timeout.
func (s Suite) Public(ctx context.Context, target release.Target, startTimeout time.Duration) (Result, error) {
	urls := map[string]string{}
	for _, service := range s.Application.Services {
		urls[service.Name] = target.Environment.URL
	}
	output, err := s.RunContainer(ctx, target.Release.Images[s.Application.SmokeImage], environment(urls, target, startTimeout))
	if err != nil {
		return Result{}, err
	}
	_, _ = io.WriteString(s.Output, output)
	return parse(output)
}

// environment is what the suite reads: a URL a service, the release that must answer, and how many seconds to wait until it
// does, by the name that the suites of released images know.
func environment(urls map[string]string, target release.Target, startTimeout time.Duration) map[string]string {
	variables := map[string]string{
		"SMOKE_EXPECT_RELEASE": target.Release.Version,
		"SMOKE_PATIENCE":       strconv.Itoa(int(startTimeout.Seconds())),
	}
	for service, url := range urls {
		variables["SMOKE_"+strings.ToUpper(strings.ReplaceAll(service, "-", "_"))+"_URL"] = url
	}
	return variables
}
