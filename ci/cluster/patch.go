package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

// MergePatchVersion is MergePatch of the very version of an object that was read. IsConflict tells that there is a newer one.
func (c *Cluster) MergePatchVersion(ctx context.Context, read *Object, document map[string]any) (*Object, error) {
	return c.MergePatch(ctx, RefOf(read), ofVersion(document, read))
}

// ofVersion makes a merge patch conditional on the version of an object that was read.
func ofVersion(document map[string]any, read *Object) map[string]any {
	conditional := maps.Clone(document)
	metadata, _ := document["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]any{}
	}
	metadata["resourceVersion"] = read.GetResourceVersion()
	conditional["metadata"] = metadata
	return conditional
}

// Stamp sets annotations of an object as a manager of their own, so that no Apply takes them for the manifests' and removes
// them; nil removes one. It moves the object's version, which is what it is for.
func (c *Cluster) Stamp(ctx context.Context, ref Ref, annotations map[string]any) error {
	document := map[string]any{"metadata": map[string]any{"annotations": annotations}}
	_, err := c.patchAs(ctx, fenceManager, ref, mergePatch, document, c.timing.retry)
	return err
}

func (c *Cluster) patch(ctx context.Context, ref Ref, contentType string, body any, retry backoff, subresources ...string) (*Object, error) {
	return c.patchAs(ctx, FieldManager, ref, contentType, body, retry, subresources...)
}

func (c *Cluster) patchAs(ctx context.Context, manager string, ref Ref, contentType string, body any, retry backoff, subresources ...string) (*Object, error) {
	doing := fmt.Sprintf("changing %s", ref)
	path, err := c.locate(ctx, ref, subresources...)
	if err != nil {
		return nil, explain(doing, err)
	}
	answer, err := c.send(ctx, request{method: http.MethodPatch, path: path, query: url.Values{"fieldManager": {manager}},
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
