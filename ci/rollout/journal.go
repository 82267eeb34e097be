package rollout

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// journal notes the step that is about to be taken, so that a run that takes over knows how far this one came.
func (r *run) journal(ctx context.Context, next Step) error {
	r.record.Step = next
	return r.save(ctx)
}

// finish closes the record.
func (r *run) finish(ctx context.Context, outcome Outcome, reason string) error {
	r.record.Outcome, r.record.Reason, r.record.Finished = outcome, reason, r.Clock.Now().UTC()
	r.record.Phases = r.result.Phases
	return r.save(ctx)
}

func (r *run) save(ctx context.Context) error {
	data, err := json.Marshal(r.record)
	if err != nil {
		return fmt.Errorf("encoding record %d of %s: %w", r.record.Revision, r.environment.Name, err)
	}
	labels := map[string]string{render.VersionLabel: r.record.Release.Version, "team-dashboard.app/outcome": string(r.record.Outcome)}
	if r.record.Slot != "" {
		labels[render.SlotLabel] = r.record.Slot
	}
	return r.Cluster.SaveRecord(ctx, r.environment.Namespace, cluster.Entry{Revision: r.record.Revision, Labels: labels, Data: data})
}
