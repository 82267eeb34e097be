// Package preflight says before the first write whether a deploy would work. Every check only reads (dry runs and
// access reviews store nothing), all of them run, and all problems are reported at once.
package preflight

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// Cluster is what the checks ask of the API server; *cluster.Cluster is the real one.
type Cluster interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
	List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error)
	// Apply is called with DryRun only.
	Apply(ctx context.Context, object *cluster.Object, options cluster.ApplyOptions) (*cluster.Object, error)
	Asker
}

// Images is what the checks ask of the registry; *image.Registry is the real one.
type Images interface {
	Verify(ctx context.Context, r release.Release, platforms []string) error
	Resolve(ctx context.Context, ref string) (string, error)
}

// Input is what a deploy is going to do.
type Input struct {
	Application string
	Environment config.Environment
	Release     release.Release
	// Platforms are those that each image must have, such as linux/amd64.
	Platforms []string
	// Objects are all objects that will be applied.
	Objects []*cluster.Object
	// Replicas are the pods that will be added, by the name of their Deployment.
	Replicas map[string]int
}

// Check is one finding.
type Check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Detail says what was found; Fix, if it is not OK, what to do.
	Detail   string        `json:"detail"`
	Fix      string        `json:"fix,omitempty"`
	Duration time.Duration `json:"duration"`
}

// Report holds one Check for each question that preflight asks.
type Report struct {
	Environment string  `json:"environment"`
	Release     string  `json:"release"`
	Checks      []Check `json:"checks"`
}

type question struct {
	name string
	ask  func(context.Context) Check
}

// Run asks everything at once; a check that cannot be made counts as failed. Without images the registry is not asked.
func Run(ctx context.Context, api Cluster, images Images, input Input) Report {
	inspector := inspector{api: api, images: images, Input: input}
	questions := []question{
		{"access", inspector.access},
		{"namespace", inspector.namespace},
		{"secrets", inspector.secrets},
		{"restore", inspector.restore},
		{"manifests", inspector.manifests},
		{"capacity", inspector.capacity},
	}
	if images != nil {
		questions = append(questions, question{"images", inspector.released})
	}
	return ask(ctx, input, questions)
}

func ask(ctx context.Context, input Input, questions []question) Report {
	report := Report{Environment: input.Environment.Name, Release: input.Release.Version, Checks: make([]Check, len(questions))}
	var group errgroup.Group
	for i, question := range questions {
		group.Go(func() error {
			begin := time.Now()
			check := question.ask(ctx)
			check.Name, check.Duration = question.name, time.Since(begin)
			report.Checks[i] = check
			return nil
		})
	}
	_ = group.Wait() // the questions answer by Check, never by error
	return report
}

// Err is nil when every check is OK, else all problems with what to do about each.
func (r Report) Err() error {
	var problems []string
	for _, check := range r.Checks {
		if check.OK {
			continue
		}
		problem := check.Name + ": " + check.Detail
		if check.Fix != "" {
			problem += " (" + check.Fix + ")"
		}
		problems = append(problems, problem)
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("release %q cannot be deployed to %s, nothing was changed: %s", r.Release, r.Environment, strings.Join(problems, "; "))
}

type inspector struct {
	Input
	api    Cluster
	images Images
}

func passed(format string, arguments ...any) Check {
	return Check{OK: true, Detail: fmt.Sprintf(format, arguments...)}
}

func failed(fix, format string, arguments ...any) Check {
	return Check{Detail: fmt.Sprintf(format, arguments...), Fix: fix}
}
