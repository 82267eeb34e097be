package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Create makes a new object and returns it as the server has it. IsConflict tells that one of its name exists. It is
// sent once: after a broken connection nobody knows whether the object exists.
func (c *Cluster) Create(ctx context.Context, object *Object) (*Object, error) {
	ref := RefOf(object)
	doing := fmt.Sprintf("creating %s", ref)
	found, err := c.resource(ctx, ref.APIVersion, ref.Kind)
	if err != nil {
		return nil, explain(doing, err)
	}
	answer, err := c.send(ctx, request{method: http.MethodPost, path: found.collection(ref.Namespace),
		query: url.Values{"fieldManager": {FieldManager}}, contentType: "application/json", body: object, retry: once})
	if err != nil {
		return nil, explain(doing, err)
	}
	return parseObject(doing, answer)
}

// FinishCreate ends a create that was followed by an apply of the same object: it removes the annotation that marked the object
// until then, and what the API server noted of the create, which counts defaults among what the creator wants. IsConflict
// tells that the mark is another one by now.
func (c *Cluster) FinishCreate(ctx context.Context, applied *Object, mark string) (*Object, error) {
	path := "/metadata/annotations/" + strings.ReplaceAll(mark, "/", "~1") // RFC 6901
	operations := []Operation{{Op: "test", Path: path, Value: applied.GetAnnotations()[mark]}, {Op: "remove", Path: path}}
	at := slices.IndexFunc(applied.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == FieldManager && entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == ""
	})
	if at >= 0 {
		entry := fmt.Sprintf("/metadata/managedFields/%d", at)
		operations = append(operations, Operation{Op: "test", Path: entry + "/manager", Value: FieldManager},
			Operation{Op: "test", Path: entry + "/operation", Value: metav1.ManagedFieldsOperationUpdate}, Operation{Op: "remove", Path: entry})
	}
	return c.Patch(ctx, RefOf(applied), operations)
}
