package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// resource is where the objects of a kind live in the API.
type resource struct {
	apiVersion string
	kind       string
	name       string // plural, as in URLs
	namespaced bool
}

// resource looks up a kind. The answer is kept for the life of the connection; a kind that is missing is asked for
// again, since a deploy may have brought its CustomResourceDefinition in the meantime.
func (c *Cluster) resource(ctx context.Context, apiVersion, kind string) (resource, error) {
	c.mu.Lock()
	found, ok := c.resources[apiVersion][kind]
	c.mu.Unlock()
	if ok {
		return found, nil
	}
	kinds, err := c.discover(ctx, apiVersion, c.timing.retry)
	if IsNotFound(err) {
		return resource{}, fmt.Errorf("%w: %s %s", ErrUnknownKind, apiVersion, kind)
	}
	if err != nil {
		return resource{}, explain(fmt.Sprintf("looking up the kinds of %s", apiVersion), err)
	}
	if found, ok = kinds[kind]; !ok {
		return resource{}, fmt.Errorf("%w: %s %s", ErrUnknownKind, apiVersion, kind)
	}
	return found, nil
}

// discover reads and keeps the kinds of one group and version. Its errors are bare, for the caller to explain.
func (c *Cluster) discover(ctx context.Context, apiVersion string, retry backoff) (map[string]resource, error) {
	body, err := c.send(ctx, request{method: http.MethodGet, path: apiRoot(apiVersion), retry: retry})
	if err != nil {
		return nil, err
	}
	var list metav1.APIResourceList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("%w: it does not speak the Kubernetes API: %w", ErrUnreachable, err)
	}
	kinds := map[string]resource{}
	for _, item := range list.APIResources {
		if !strings.Contains(item.Name, "/") { // a slash marks a subresource
			kinds[item.Kind] = resource{apiVersion: apiVersion, kind: item.Kind, name: item.Name, namespaced: item.Namespaced}
		}
	}
	c.mu.Lock()
	c.resources[apiVersion] = kinds
	c.mu.Unlock()
	return kinds, nil
}

// apiRoot is the path of a group and version; the core group has a root of its own.
func apiRoot(apiVersion string) string {
	if strings.Contains(apiVersion, "/") {
		return "/apis/" + apiVersion
	}
	return "/api/" + apiVersion
}

// collection is the path of all objects of the kind; an empty namespace means all namespaces.
func (r resource) collection(namespace string) string {
	if !r.namespaced || namespace == "" {
		return apiRoot(r.apiVersion) + "/" + r.name
	}
	return apiRoot(r.apiVersion) + "/namespaces/" + namespace + "/" + r.name
}

// locate returns the path of one object, followed by subresources.
func (c *Cluster) locate(ctx context.Context, ref Ref, subresources ...string) (string, error) {
	found, err := c.resource(ctx, ref.APIVersion, ref.Kind)
	if err != nil {
		return "", err
	}
	if ref.Name == "" {
		return "", errors.New("it has no name; give it metadata.name")
	}
	if found.namespaced && ref.Namespace == "" {
		return "", errors.New("it has no namespace; give it metadata.namespace")
	}
	return strings.Join(append([]string{found.collection(ref.Namespace), ref.Name}, subresources...), "/"), nil
}
