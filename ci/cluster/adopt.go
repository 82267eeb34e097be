package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
)

// byHand is the name under which the API server keeps which fields `kubectl apply` set.
const byHand = "kubectl-client-side-apply"

// attemptsToAdopt bounds how often a controller's change of the same object may come in between.
const attemptsToAdopt = 10

func appliedByHand(object *Object) bool {
	return slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == byHand && entry.Subresource == ""
	})
}

// adopt makes the fields that `kubectl apply` set on an applied object the pipeline's own. Else whatever a later Apply
// does not mention would stay for ever, since it would still be wanted by somebody.
func (c *Cluster) adopt(ctx context.Context, wanted, live *Object) (*Object, error) {
	ref := RefOf(wanted)
	unconditional := wanted.DeepCopy()
	unconditional.SetResourceVersion("") // its condition held when it was applied
	for attempt := 1; ; attempt++ {
		patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(byHand), FieldManager)
		if err != nil {
			return nil, fmt.Errorf("taking over %s from kubectl apply: %w", ref, err)
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
