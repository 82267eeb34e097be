package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Get reads one object. IsNotFound tells that there is none.
func (c *Cluster) Get(ctx context.Context, ref Ref) (*Object, error) {
	object := &Object{}
	if err := c.GetInto(ctx, ref, object); err != nil {
		return nil, err
	}
	return object, nil
}

// GetInto reads one object into a typed struct or an Object.
func (c *Cluster) GetInto(ctx context.Context, ref Ref, into any) error {
	doing := fmt.Sprintf("reading %s", ref)
	path, err := c.locate(ctx, ref)
	if err != nil {
		return explain(doing, err)
	}
	body, err := c.send(ctx, request{method: http.MethodGet, path: path, retry: c.timing.retry})
	if err != nil {
		return explain(doing, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return explain(doing, err)
	}
	return nil
}
