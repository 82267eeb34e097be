package cluster

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Try lets the API server do everything with a new object (defaults, validation, admission) but store it, and returns it
// as it would be. The object may have a generateName instead of a name.
func (c *Cluster) Try(ctx context.Context, object *Object) (*Object, error) {
	ref := RefOf(object)
	if ref.Name == "" {
		ref.Name = object.GetGenerateName()
	}
	doing := fmt.Sprintf("trying out %s", ref)
	found, err := c.resource(ctx, ref.APIVersion, ref.Kind)
	if err != nil {
		return nil, explain(doing, err)
	}
	answer, err := c.send(ctx, request{method: http.MethodPost, path: found.collection(ref.Namespace),
		query: url.Values{"fieldManager": {FieldManager}, "dryRun": {"All"}}, contentType: "application/json", body: object, retry: c.timing.retry})
	if err != nil {
		return nil, explain(doing, err)
	}
	return parseObject(doing, answer)
}

// TakesNoDryRun reports whether an object could not be tried out, since an admission webhook may do more than answer
// (its sideEffects are Unknown or Some). It says nothing of the object.
func TakesNoDryRun(err error) bool {
	// k8s.io/apiserver/pkg/admission/plugin/webhook/errors, NewDryRunUnsupportedErr
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}
