// Package preflight says before the first write whether a deploy would work. Every check only reads (dry runs and
// access reviews store nothing), all of them run, and all problems are reported at once.
package preflight

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

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
	// Idle is the slot that will be brought up and has no traffic: what cannot be changed there is made anew. Empty where
	// there is none.
	Idle string
	// Replicas are the pods that will be added, by the name of their Deployment.
	Replicas map[string]int
	// Least and Most are how long the deploy takes at the least and at the most.
	Least, Most time.Duration
	// CredentialsExpire is when the API server stops to know the kubeconfig's user; zero when nobody can tell.
	CredentialsExpire time.Time
	// Checks are those of other rooms.
	Checks []Check
}

// Check is a question that another room supplies.
type Check struct {
	Name string
	// Ask returns what was found, in a sentence, or the error that stands in the way of a deploy.
	Ask func(ctx context.Context, environment config.Environment) (string, error)
}

// inspector asks what is to be known.
type inspector struct {
	Input
	api    *cluster.Cluster
	images Images
	// absent says that the namespace does not exist yet.
	absent bool
	tried  *triedPods
}

type question struct {
	name string
	ask  func(context.Context) Finding
}

// Run asks everything at once; a check that cannot be made counts as failed. Without images the registry is not asked.
func Run(ctx context.Context, api *cluster.Cluster, images Images, input Input) Report {
	i := inspector{api: api, images: images, Input: input}
	_, err := api.Get(ctx, cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: input.Environment.Namespace})
	i.absent = cluster.IsNotFound(err) // any other error is the namespace's own check's to tell
	i.tried = i.tryPods(ctx)
	questions := append(i.general(), question{"manifests", i.manifests}, question{"pods", i.pods}, question{"capacity", i.capacity})
	if images != nil {
		questions = append(questions, question{"images", i.released})
	}
	return ask(ctx, input, questions)
}

// Ready asks what needs no release to be known: whether an environment could take one at all.
func Ready(ctx context.Context, api *cluster.Cluster, input Input) Report {
	return ask(ctx, input, inspector{api: api, Input: input}.general())
}

func ask(ctx context.Context, input Input, questions []question) Report {
	report := Report{Environment: input.Environment.Name, Release: input.Release.Version, Checks: make([]Finding, len(questions))}
	var group errgroup.Group
	for n, question := range questions {
		group.Go(func() error {
			begin := time.Now()
			finding := question.ask(ctx)
			finding.Name, finding.Duration = question.name, time.Since(begin)
			report.Checks[n] = finding
			return nil
		})
	}
	_ = group.Wait() // the questions answer by Finding, never by error
	for _, finding := range report.Checks {
		report.Recreate = append(report.Recreate, finding.recreate...)
	}
	return report
}

// general are the questions that need no release.
func (i inspector) general() []question {
	questions := []question{{"access", i.access}, {"namespace", i.namespace}, {"credentials", i.credentials}}
	for _, check := range i.Checks {
		questions = append(questions, question{check.Name, func(ctx context.Context) Finding {
			return of(check.Ask(ctx, i.Environment))
		}})
	}
	return questions
}

func (i inspector) access(ctx context.Context) Finding {
	return of("the kubeconfig's user has every right that a deploy needs", access.Check(ctx, i.api, i.Environment))
}

func (i inspector) namespace(ctx context.Context) Finding {
	exists, err := access.Ownership(ctx, i.api, i.Environment, i.Application)
	if !exists {
		return of(fmt.Sprintf("%s does not exist yet and will be created", i.Environment.Namespace), err)
	}
	return of(fmt.Sprintf("%s belongs to %s", i.Environment.Namespace, i.Application), err)
}
