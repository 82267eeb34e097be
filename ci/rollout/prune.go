package rollout

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// prunable are the kinds that may be removed. What keeps state, or keeps others out, is never among them.
var prunable = []struct{ apiVersion, kind string }{
	{"autoscaling/v2", "HorizontalPodAutoscaler"},
	{"policy/v1", "PodDisruptionBudget"},
	{"apps/v1", "Deployment"},
	{"v1", "Service"},
	{"v1", "ConfigMap"},
}

// prune removes old records, and objects of releases that no record names any more. As long as one of the records that are
// kept cannot be read, nobody knows what it needs, and no object is removed.
func (r *run) prune(ctx context.Context) error {
	now, err := readFacts(ctx, r.Cluster, r.Application, r.environment)
	if err != nil {
		return err
	}
	kept, err := r.pruneRecords(ctx, now)
	if err != nil {
		return err
	}
	needed, err := neededBy(kept)
	if err != nil {
		r.warn(ctx, "%v; objects that only it may need are left where they are", err)
		return nil
	}
	for _, kind := range prunable {
		if err := r.pruneKind(ctx, kind.apiVersion, kind.kind, needed); err != nil {
			return err
		}
	}
	return r.nameLeftovers(ctx)
}

// neededBy are the objects that records name.
func neededBy(records []record.Record) (map[cluster.Ref]bool, error) {
	needed := map[cluster.Ref]bool{}
	for _, r := range records {
		p, err := planOf(r)
		if err != nil {
			return nil, err
		}
		for _, objects := range p.layers.Slots {
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
			r.Progress.Info(ctx, "removing %s, which no recorded revision needs", ref)
			if _, err := r.held.Delete(ctx, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// pruneRecords keeps the newest records, and those of what is live and parked whatever their age. Damaged ones go with the
// old: when as many newer ones can be read.
func (r *run) pruneRecords(ctx context.Context, now facts) ([]record.Record, error) {
	placed := map[int]bool{}
	for _, slot := range now.slots() {
		if found := now.recordOf(slot); found != nil {
			placed[found.Revision] = true
		}
	}
	var kept []record.Record
	var old []int
	for i, found := range now.history.Records {
		if i < r.Options.KeptRecords || placed[found.Revision] {
			kept = append(kept, found)
			continue
		}
		old = append(old, found.Revision)
	}
	for _, damaged := range now.history.Damaged {
		if len(kept) >= r.Options.KeptRecords && damaged.Revision < kept[r.Options.KeptRecords-1].Revision {
			old = append(old, damaged.Revision)
		}
	}
	for _, revision := range old {
		if err := record.Remove(ctx, r.held, r.environment.Namespace, revision); err != nil {
			return nil, err
		}
	}
	return kept, nil
}
