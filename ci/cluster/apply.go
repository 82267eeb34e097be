package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// FieldManager is the name under which the pipeline owns the fields that it applies.
const FieldManager = "pipeline"

// ApplyOptions changes how an object is applied.
type ApplyOptions struct {
	// DryRun lets the API server do everything (defaults, validation, admission) but store the result.
	DryRun bool
	// Warning is called with each warning of the API server, such as a deprecated API or a pod template that Pod
	// Security will not admit. Nil drops them.
	Warning func(text string)
}

// Apply makes the object's fields so by server-side apply and returns the object as the server has it now. It takes
// over fields that others set to something else. A field that an earlier Apply of the pipeline set and this one does
// not mention is removed, and so is one that a person set by kubectl. Applying the same object again changes nothing.
func (c *Cluster) Apply(ctx context.Context, object *Object, options ApplyOptions) (*Object, error) {
	applied, err := c.apply(ctx, object, options)
	if err != nil || options.DryRun || !HandEdited(applied) {
		return applied, err
	}
	if applied, err = c.adopt(ctx, object, applied); err != nil {
		return nil, err
	}
	again := object.DeepCopy()
	if again.GetResourceVersion() != "" {
		again.SetResourceVersion(applied.GetResourceVersion())
	}
	return c.apply(ctx, again, options)
}

func (c *Cluster) apply(ctx context.Context, object *Object, options ApplyOptions) (*Object, error) {
	ref := RefOf(object)
	doing := fmt.Sprintf("applying %s", ref)
	query := url.Values{"fieldManager": {FieldManager}, "force": {"true"}}
	if options.DryRun {
		doing = fmt.Sprintf("trying out %s", ref)
		query.Set("dryRun", "All")
	}
	path, err := c.locate(ctx, ref)
	if err != nil {
		return nil, explain(doing, err)
	}
	body := object.DeepCopy()
	body.SetManagedFields(nil) // the server refuses an apply that brings them
	answer, err := c.send(ctx, request{method: http.MethodPatch, path: path, query: query, contentType: applyPatch,
		body: body, retry: c.timing.retry, warning: options.Warning})
	if err != nil {
		return nil, explain(doing, err)
	}
	return parseObject(doing, answer)
}

// parseObject reads the API server's answer to a change.
func parseObject(doing string, answer []byte) (*Object, error) {
	object := &Object{}
	if err := object.UnmarshalJSON(answer); err != nil {
		return nil, explain(doing, err)
	}
	return object, nil
}
