package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// attemptsToTakeOver bounds how often a controller's change of the same object may come in between.
const attemptsToTakeOver = 10

// Apply makes the object's fields so by server-side apply and returns the object as the server has it now. It takes
// over fields that others set to something else. A field that an earlier Apply of the pipeline set and this one does
// not mention is removed, and so is one that a person set by kubectl. Applying the same object again changes nothing.
func (c *Cluster) Apply(ctx context.Context, object *Object, options ApplyOptions) (*Object, error) {
	for attempt := 1; ; attempt++ {
		applied, err := c.apply(ctx, object, options)
		if err != nil || options.DryRun || !HandEdited(applied, object) {
			return applied, err
		}
		if applied, err = c.ApplyVersion(ctx, applied, object); !IsConflict(err) || attempt == attemptsToTakeOver {
			return applied, err
		}
	}
}

// ApplyVersion is Apply to the very version of an object that was read. IsConflict tells that there is a newer one, or none
// any more. What people set and the object cannot lose (a field that may not change) stays; Foreign lists it.
func (c *Cluster) ApplyVersion(ctx context.Context, read, wanted *Object) (*Object, error) {
	entries, err := takenOver(read, wanted)
	if err != nil {
		return nil, fmt.Errorf("applying %s: %w", RefOf(wanted), err)
	}
	if entries == nil {
		return c.apply(ctx, asVersion(wanted, read), ApplyOptions{})
	}
	taken, err := c.setManagers(ctx, read, entries)
	if err != nil {
		return nil, err
	}
	applied, refused := c.apply(ctx, asVersion(wanted, taken), ApplyOptions{})
	if !IsInvalid(refused) {
		return applied, refused
	}
	given, err := c.setManagers(ctx, taken, read.GetManagedFields())
	if err != nil {
		return nil, refused
	}
	return c.apply(ctx, asVersion(wanted, given), ApplyOptions{})
}

// asVersion makes an apply conditional on the version of an object that was read. Without its UID the API server would make
// one that is gone anew.
func asVersion(wanted, read *Object) *Object {
	conditional := wanted.DeepCopy()
	conditional.SetUID(read.GetUID())
	conditional.SetResourceVersion(read.GetResourceVersion())
	return conditional
}

// setManagers says anew who has set the fields of the very version of an object that was read.
func (c *Cluster) setManagers(ctx context.Context, read *Object, entries []metav1.ManagedFieldsEntry) (*Object, error) {
	return c.patch(ctx, RefOf(read), jsonPatch, []Operation{
		{Op: "replace", Path: "/metadata/managedFields", Value: entries},
		{Op: "replace", Path: "/metadata/resourceVersion", Value: read.GetResourceVersion()}, // another version is a conflict
	}, c.timing.retry)
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
