package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// parallelRequests bounds the requests in flight, for API servers that serve others too.
const parallelRequests = 8

// manifests lets the API server do everything with the rendered objects but store them: validation, defaults,
// quota and admission webhooks, and immutable fields.
func (i inspector) manifests(ctx context.Context) Finding {
	trials := make([]trial, len(i.Objects))
	var group errgroup.Group
	group.SetLimit(parallelRequests)
	for n, object := range i.Objects {
		if i.absent && object.GetNamespace() == i.Environment.Namespace {
			trials[n].absent = true
			continue
		}
		group.Go(func() error {
			trials[n] = i.try(ctx, object)
			return nil
		})
	}
	_ = group.Wait() // problems are collected, not returned
	return summarize(trials)
}

// trial is what the API server said of one object.
type trial struct {
	problem error
	// wrong says that the object is to blame for the problem.
	wrong bool
	// absent says that its namespace does not exist yet, untried that it could not be tried for another reason.
	absent, untried bool
	recreate        *cluster.Ref
	warnings        []string
}

func summarize(trials []trial) Finding {
	finding := Finding{OK: true}
	var problems []string
	accepted, absent, untried, wrong := 0, 0, 0, false
	for _, trial := range trials {
		finding.Warnings = append(finding.Warnings, trial.warnings...)
		switch {
		case trial.problem != nil:
			problems, wrong = append(problems, trial.problem.Error()), wrong || trial.wrong
		case trial.recreate != nil:
			finding.recreate = append(finding.recreate, *trial.recreate)
		case trial.absent:
			absent++
		case trial.untried:
			untried++
		default:
			accepted++
		}
	}
	if len(problems) > 0 {
		if wrong {
			problems = append(problems, "correct the manifests under k8s/")
		}
		finding.OK, finding.Detail = false, strings.Join(problems, "; ")
		return finding
	}
	finding.Detail = fmt.Sprintf("%d objects accepted by a server-side dry run", accepted)
	for _, more := range []struct {
		count int
		what  string
	}{
		{absent, "could not be tried, since their namespace does not exist yet"},
		{untried, "could not be tried"},
		{len(finding.recreate), "of the idle slot will be made anew"},
	} {
		if more.count > 0 {
			finding.Detail += fmt.Sprintf("; %d %s", more.count, more.what)
		}
	}
	return finding
}

// try returns what the API server has against the object.
func (i inspector) try(ctx context.Context, object *cluster.Object) trial {
	granted, err := access.Granted(ctx, i.api, object)
	if err != nil || granted {
		return trial{problem: err}
	}
	var mu sync.Mutex
	var found trial
	ref := cluster.RefOf(object)
	warn := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		found.warnings = append(found.warnings, fmt.Sprintf("%s: %s", ref, text))
	}
	_, err = i.api.Apply(ctx, object, cluster.ApplyOptions{DryRun: true, Warning: warn})
	var immutable *ImmutableError
	switch err = Refused(err, object, i.Environment); {
	case err == nil:
	case cluster.TakesNoDryRun(err):
		found.untried = true
		found.warnings = append(found.warnings, fmt.Sprintf("%s could not be tried, so nobody knows whether it would be accepted: %s", ref, strings.TrimPrefix(err.Error(), "trying out "+ref.String()+": ")))
	case errors.As(err, &immutable) && !immutable.KeepsState() && i.idle(object):
		found.recreate = &ref
		found.warnings = append(found.warnings, fmt.Sprintf("%s will be made anew, since its %s cannot be changed", ref, strings.Join(immutable.Fields, ", ")))
	case immutable != nil:
		found.problem = i.precise(ctx, immutable, object)
	default:
		found.problem, found.wrong = err, cluster.IsInvalid(err)
	}
	return found
}

// idle says whether an object belongs to the slot that has no traffic.
func (i inspector) idle(object *cluster.Object) bool {
	return i.Idle != "" && object.GetLabels()[render.SlotLabel] == i.Idle
}
