package rollout

import (
	"context"
	"fmt"
	"strings"
)

// verify looks at the release on its own Services: it runs what was released, is healthy, and passes the smoke suite.
func (r *run) verify(ctx context.Context) error {
	if err := r.verifyDigests(ctx); err != nil {
		return err
	}
	health := r.Health.Check(ctx, r.target())
	r.result.Health = &health
	if err := health.Err(); err != nil {
		return err
	}
	smoke, err := r.Smoke.Slot(ctx, r.target())
	r.noteSmoke(smoke)
	return err
}

// verifyDigests compares what the nodes pulled with what the release names.
func (r *run) verifyDigests(ctx context.Context) error {
	services, err := readServices(ctx, r.Cluster, r.Application, r.environment, r.record.Slot, r.record.Release)
	if err != nil {
		return err
	}
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

func (r *run) target() Target {
	return Target{Environment: r.environment, Slot: r.record.Slot, Release: r.record.Release}
}

func (r *run) noteSmoke(smoke Smoke) {
	r.record.Smoke, r.result.Smoke = &smoke, &smoke
}
