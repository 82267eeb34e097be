package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Action is something that a user may or may not do.
type Action struct {
	// Verb is the API's: get, list, create, patch, delete, …
	Verb       string
	APIVersion string
	Kind       string
	// Subresource is log, proxy, scale and the like; empty means the object itself.
	Subresource string
	// Namespace is where; empty means in all namespaces, or for kinds outside of them.
	Namespace string
}

// String is how messages name the action: patch Deployment/scale in namespace "shop".
func (a Action) String() string {
	what := a.Verb + " " + a.Kind
	if a.Subresource != "" {
		what += "/" + a.Subresource
	}
	if a.Namespace == "" {
		return what
	}
	return fmt.Sprintf("%s in namespace %q", what, a.Namespace)
}

// Can asks the API server whether the kubeconfig's user has a right. It changes nothing.
func (c *Cluster) Can(ctx context.Context, action Action) (bool, error) {
	doing := fmt.Sprintf("asking for the right to %s", action)
	found, err := c.resource(ctx, action.APIVersion, action.Kind)
	if err != nil {
		return false, explain(doing, err)
	}
	group, version, ok := strings.Cut(action.APIVersion, "/")
	if !ok {
		group, version = "", action.APIVersion
	}
	review := map[string]any{
		"apiVersion": "authorization.k8s.io/v1",
		"kind":       "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]any{
			"verb": action.Verb, "group": group, "version": version, "resource": found.name,
			"subresource": action.Subresource, "namespace": action.Namespace,
		}},
	}
	body, err := c.send(ctx, request{method: http.MethodPost, path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
		contentType: "application/json", body: review, retry: c.timing.retry})
	if err != nil {
		return false, explain(doing, err)
	}
	var answer struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return false, explain(doing, err)
	}
	return answer.Status.Allowed, nil
}
