package rollout

import (
	"context"
	"time"

	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// finish closes the record.
func (r *run) finish(ctx context.Context, outcome record.Outcome, reason string) error {
	r.record.Outcome, r.record.Reason, r.record.Finished = outcome, reason, time.Now().UTC()
	r.record.Phases = r.result.Phases
	return r.save(ctx)
}

func (r *run) save(ctx context.Context) error {
	labels := map[string]string{render.PartOfLabel: r.Application.Name, render.VersionLabel: r.record.Release.Version}
	if r.record.Slot != "" {
		labels[render.SlotLabel] = r.record.Slot
	}
	return record.Save(ctx, r.held, r.environment.Namespace, labels, r.record)
}
