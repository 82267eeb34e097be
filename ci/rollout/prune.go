package rollout

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// prunable are the kinds that may be removed. What keeps state, or keeps others out, is never among them.
var prunable = []struct{ apiVersion, kind string }{
	{"autoscaling/v2", "HorizontalPodAutoscaler"},
	{"policy/v1", "PodDisruptionBudget"},
	{"apps/v1", "Deployment"},
	{"v1", "Service"},
	{"v1", "ConfigMap"},
}

// prune removes old records, and objects of releases that no record names any more.
func (r *run) prune(ctx context.Context) error {
	now, err := r.look(ctx)
	if err != nil {
		return err
	}
	kept, err := r.pruneRecords(ctx, now)
	if err != nil {
		return err
	}
	needed, err := neededBy(kept)
	if err != nil {
		return err
	}
	for _, kind := range prunable {
		if err := r.pruneKind(ctx, kind.apiVersion, kind.kind, needed); err != nil {
			return err
		}
	}
	return r.nameLeftovers(ctx, needed)
}

// neededBy are the objects that records name.
func neededBy(records []Record) (map[cluster.Ref]bool, error) {
	needed := map[cluster.Ref]bool{}
	for _, record := range records {
		for _, rendered := range record.Objects {
			objects, err := decode(rendered)
			if err != nil {
				return nil, err
			}
			for _, object := range objects {
				needed[cluster.RefOf(object)] = true
			}
		}
	}
	return needed, nil
}

// pruneKind only looks at objects that carry a release's version: the platform's and the data's do not.
func (r *run) pruneKind(ctx context.Context, apiVersion, kind string, needed map[cluster.Ref]bool) error {
	selector := releaseSelector(r.Application, "") + "," + labelManagedBy + "=" + cluster.FieldManager
	objects, err := r.Cluster.List(ctx, apiVersion, kind, r.environment.Namespace, selector)
	if err != nil {
		return err
	}
	for _, object := range objects {
		if ref := cluster.RefOf(object); !needed[ref] {
			r.Progress.Info(ctx, "removing %s, which no recorded release needs", ref)
			if err := r.Cluster.Delete(ctx, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// pruneRecords keeps the newest records, and those of what is live and parked whatever their age.
func (r *run) pruneRecords(ctx context.Context, now state) ([]Record, error) {
	placed := map[int]bool{}
	for _, slot := range r.strategy.slots() {
		if record := now.recordOf(slot); record != nil {
			placed[record.Revision] = true
		}
	}
	var kept []Record
	for i, record := range now.records {
		if i < r.Options.KeptRecords || placed[record.Revision] {
			kept = append(kept, record)
			continue
		}
		secret := cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: r.environment.Namespace, Name: fmt.Sprintf("record-%d", record.Revision)}
		if err := r.Cluster.Delete(ctx, secret); err != nil {
			return nil, err
		}
	}
	return kept, nil
}
