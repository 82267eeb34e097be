package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// Replace writes the very version of an object that was read and changed. IsConflict tells that there is a newer one.
func (c *Cluster) Replace(ctx context.Context, object *Object) (*Object, error) {
	ref := RefOf(object)
	doing := fmt.Sprintf("replacing %s", ref)
	path, err := c.locate(ctx, ref)
	if err != nil {
		return nil, explain(doing, err)
	}
	answer, err := c.send(ctx, request{method: http.MethodPut, path: path, query: url.Values{"fieldManager": {FieldManager}},
		contentType: "application/json", body: object, retry: once})
	if err != nil {
		return nil, explain(doing, err)
	}
	return parseObject(doing, answer)
}
