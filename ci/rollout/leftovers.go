package rollout

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// nameLeftovers warns of what keeps state and is not in the manifests any more. No run ever deletes it: whether anybody still
// wants the data is for a person to say.
func (r *run) nameLeftovers(ctx context.Context) error {
	if r.record.Action != record.Deploy {
		return nil // a rollback does not ask the manifests
	}
	selector := render.PartOfLabel + "=" + r.Application.Name + "," + labelManagedBy + "=" + cluster.FieldManager
	stores, err := r.Cluster.List(ctx, "apps/v1", "StatefulSet", r.environment.Namespace, selector)
	if err != nil {
		return err
	}
	claims, err := r.Cluster.List(ctx, "v1", "PersistentVolumeClaim", r.environment.Namespace, selector)
	if err != nil {
		return err
	}
	claims = slices.DeleteFunc(claims, func(claim *cluster.Object) bool { return claimedBy(stores, claim) })
	for _, object := range append(stores, claims...) {
		ref := cluster.RefOf(object)
		if find(r.plan.layers.Data, ref) == nil {
			r.warn(ctx, "%s is not in the manifests any more; it stays as it is, since no deploy deletes what keeps state: when nobody wants its data any more, remove it with kubectl -n %s delete %s/%s",
				ref, ref.Namespace, strings.ToLower(ref.Kind), ref.Name)
		}
	}
	return nil
}

// claimedBy says whether a claim was made from a template of one of the StatefulSets, whose fate it shares.
func claimedBy(stores []*cluster.Object, claim *cluster.Object) bool {
	return slices.ContainsFunc(stores, func(store *cluster.Object) bool {
		templates, _, _ := unstructured.NestedSlice(store.Object, "spec", "volumeClaimTemplates")
		return slices.ContainsFunc(templates, func(entry any) bool {
			template := &cluster.Object{Object: entry.(map[string]any)}
			return strings.HasPrefix(claim.GetName(), template.GetName()+"-"+store.GetName()+"-")
		})
	})
}
