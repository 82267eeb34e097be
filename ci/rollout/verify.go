package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// verify looks at the release on its own Services: it runs what was released, is healthy, and passes the smoke suite.
// And it looks whether the front door answers at all: what keeps this machine from proving the switch (a name that does
// not resolve, an unknown certificate, a login) should show before the traffic moves, not after.
func (r *run) verify(ctx context.Context, suite *suite) error {
	if err := r.verifyDigests(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		report := r.Health.Check(ctx, r.target())
		r.result.Health = &report
		return report.Err()
	})
	group.Go(func() error {
		found, err := suite.slotResult(ctx)
		r.noteSmoke(found)
		return err
	})
	group.Go(func() error { return r.reach(ctx) })
	return group.Wait()
}

// reach waits until the environment's URL answers, whoever it is: a new ingress takes a moment.
func (r *run) reach(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.Options.ProofBudget)
	defer cancel()
	doubt, err := r.FrontDoor.Reach(limited, r.target())
	if doubt != "" {
		r.warn(ctx, "%s", doubt)
	}
	return err
}

// verifyDigests compares what the pods run with what the release names.
func (r *run) verifyDigests(ctx context.Context) error {
	now, err := r.found.again(ctx, r.Cluster)
	if err != nil {
		return err
	}
	services := now.services(r.record.Slot, r.record.Release)
	r.result.Services = services
	var wrong []string
	for _, service := range services {
		if !service.AsReleased {
			wrong = append(wrong, fmt.Sprintf("%s runs %q, released is %q", service.Name, service.Digest, digestOf(r.record.Release.Images[service.Name])))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("comparing the pods of %s with release %q: %s", r.environment.Name, r.record.Release.Version, strings.Join(wrong, "; "))
	}
	return nil
}

func (r *run) target() release.Target {
	return release.Target{Environment: r.environment, Slot: r.record.Slot, Release: r.record.Release}
}

func (r *run) noteSmoke(found smoke.Result) {
	r.result.Smoke = &found
	r.record.Smoke, _ = json.Marshal(found) // a struct of strings and numbers
}
