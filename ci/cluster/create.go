package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
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

// CreateApplied makes a new object as Apply would, but never touches one that exists. Its fields are the pipeline's Apply's, so
// that a later Apply removes what it does not mention.
func (c *Cluster) CreateApplied(ctx context.Context, object *Object) (*Object, error) {
	created, err := c.Create(ctx, object)
	if err != nil {
		return nil, err
	}
	return c.adopt(ctx, object, created)
}
