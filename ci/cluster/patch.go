package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Operation is one step of a JSON patch (RFC 6902). Value is ignored by `remove`.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// Patch performs all operations in one step, or none. When a `test` operation does not hold, the error is
// ErrPreconditionFailed. It is sent once: after a broken connection, read the object to learn what became of it.
func (c *Cluster) Patch(ctx context.Context, ref Ref, operations []Operation) (*Object, error) {
	object, err := c.patch(ctx, ref, jsonPatch, operations, once)
	conditional := slices.ContainsFunc(operations, func(o Operation) bool { return o.Op == "test" })
	if apierrors.IsConflict(err) || conditional && didNotApply(err) {
		return nil, explain(fmt.Sprintf("changing %s", ref), ErrPreconditionFailed)
	}
	return object, err
}

// MergePatch sets the fields of the given document (RFC 7386); null removes a field, a list replaces the list.
func (c *Cluster) MergePatch(ctx context.Context, ref Ref, document any) (*Object, error) {
	return c.patch(ctx, ref, mergePatch, document, c.timing.retry)
}

func (c *Cluster) patch(ctx context.Context, ref Ref, contentType string, body any, retry backoff, subresources ...string) (*Object, error) {
	doing := fmt.Sprintf("changing %s", ref)
	path, err := c.locate(ctx, ref, subresources...)
	if err != nil {
		return nil, explain(doing, err)
	}
	answer, err := c.send(ctx, request{method: http.MethodPatch, path: path, query: url.Values{"fieldManager": {FieldManager}},
		contentType: contentType, body: body, retry: retry})
	if err != nil {
		return nil, explain(doing, err)
	}
	return parseObject(doing, answer)
}

// didNotApply recognises the API server's answer to a JSON patch that does not fit the object. It keeps to itself which
// operation failed and why: the answer is a 422 without any details, while an object that fits but is invalid gets a
// 422 that names the object and its fields (k8s.io/apiserver/pkg/endpoints/handlers/patch.go, applyJSPatch).
func didNotApply(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Code != http.StatusUnprocessableEntity {
		return false
	}
	details := status.Status().Details
	return details == nil || details.Kind == "" && len(details.Causes) == 0
}
