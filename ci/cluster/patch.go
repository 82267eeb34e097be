package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
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
	return c.patch(ctx, ref, jsonPatch, operations, once)
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
	if isFailedTest(err) || IsConflict(err) {
		err = fmt.Errorf("%w: %w", ErrPreconditionFailed, err)
	}
	if err != nil {
		return nil, explain(doing, err)
	}
	return parseObject(doing, answer)
}
