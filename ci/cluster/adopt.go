package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// attemptsToAdopt bounds how often a controller's change of the same object may come in between.
const attemptsToAdopt = 10

// byHand says whether an entry of an object's managed fields is that of a person: the API server keeps which fields kubectl
// has set, each of its commands under a name that begins with its own (kubectl-edit, kubectl-set, kubectl-client-side-apply).
func byHand(entry metav1.ManagedFieldsEntry) bool {
	return entry.Subresource == "" && (entry.Manager == "kubectl" || strings.HasPrefix(entry.Manager, "kubectl-"))
}

// HandEdited says whether a person has set fields of an object.
func HandEdited(object *Object) bool { return slices.ContainsFunc(object.GetManagedFields(), byHand) }

// adopt makes the fields that people set on an applied object the pipeline's own. Else whatever a later Apply does not
// mention would stay for ever, since it would still be wanted by somebody.
func (c *Cluster) adopt(ctx context.Context, wanted, live *Object) (*Object, error) {
	ref := RefOf(wanted)
	unconditional := wanted.DeepCopy()
	unconditional.SetResourceVersion("") // its condition held when it was applied
	for attempt := 1; ; attempt++ {
		patch, err := ownership(live)
		if err != nil {
			return nil, fmt.Errorf("taking over the fields of %s that were set by hand: %w", ref, err)
		}
		if patch == nil {
			return live, nil
		}
		adopted, err := c.patch(ctx, ref, jsonPatch, json.RawMessage(patch), once)
		if !IsConflict(err) || attempt == attemptsToAdopt {
			return adopted, err
		}
		// To apply it once more reads it too, and takes no right to read.
		if live, err = c.apply(ctx, unconditional, ApplyOptions{}); err != nil {
			return nil, err
		}
	}
}

// ownership is the patch that hands an object's fields over to the pipeline's Apply: those that people set, and those that
// the pipeline set by creating it. Nil when there are none.
func ownership(live *Object) ([]byte, error) {
	entries := live.GetManagedFields()
	managers := sets.New(FieldManager)
	for i := range entries {
		if byHand(entries[i]) {
			managers.Insert(entries[i].Manager)
			// Those of `kubectl apply --server-side` are taken over like all others.
			entries[i].Operation = metav1.ManagedFieldsOperationUpdate
		}
	}
	changed := live.DeepCopy()
	changed.SetManagedFields(entries)
	return csaupgrade.UpgradeManagedFieldsPatch(changed, managers, FieldManager)
}

// controlPlane are the managers of Kubernetes itself, which set fields of objects as part of their work.
var controlPlane = []string{"kube-controller-manager", "kube-scheduler", "kube-apiserver", "kubelet", "cloud-controller-manager", "pipeline-fence"}

// Foreign lists the fields of an object that others keep and the pipeline's manifests do not have: no apply removes them.
func Foreign(object *Object) []string {
	own := fieldsOf(object, func(entry metav1.ManagedFieldsEntry) bool { return entry.Manager == FieldManager })
	var found []string
	for _, entry := range object.GetManagedFields() {
		if entry.Subresource != "" || entry.Manager == FieldManager || byHand(entry) || slices.Contains(controlPlane, entry.Manager) {
			continue
		}
		theirs := fieldsOf(object, func(other metav1.ManagedFieldsEntry) bool { return other.Manager == entry.Manager })
		theirs.Difference(own).Leaves().Iterate(func(path fieldpath.Path) {
			if text := path.String(); isSpecified(text) {
				found = append(found, fmt.Sprintf("%s by %q", strings.TrimPrefix(text, "."), entry.Manager))
			}
		})
	}
	return found
}

// fieldsOf are the fields that some managers of an object set.
func fieldsOf(object *Object, managed func(metav1.ManagedFieldsEntry) bool) *fieldpath.Set {
	all := fieldpath.NewSet()
	for _, entry := range object.GetManagedFields() {
		var fields fieldpath.Set
		if entry.FieldsV1 != nil && managed(entry) && fields.FromJSON(entry.FieldsV1.GetRawReader()) == nil {
			all = all.Union(&fields)
		}
	}
	return all
}

// isSpecified tells what manifests say from what controllers report.
func isSpecified(path string) bool {
	return slices.ContainsFunc([]string{".spec", ".data", ".rules", ".subjects", ".metadata.labels"}, func(prefix string) bool {
		return strings.HasPrefix(path, prefix)
	})
}
