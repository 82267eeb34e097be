package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// List reads all objects of a kind. An empty namespace means all namespaces, an empty selector all labels; the
// selector has kubectl's syntax: app=web,tier!=cache. A namespace that does not exist holds no objects.
func (c *Cluster) List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*Object, error) {
	var list unstructured.UnstructuredList
	if err := c.listInto(ctx, apiVersion, kind, namespace, byLabels(selector), &list); err != nil {
		return nil, err
	}
	objects := make([]*Object, len(list.Items))
	for i := range list.Items {
		objects[i] = &list.Items[i]
	}
	return objects, nil
}

// ListInto is List into a kinds.List of typed structs.
func (c *Cluster) ListInto(ctx context.Context, apiVersion, kind, namespace, selector string, into any) error {
	return c.listInto(ctx, apiVersion, kind, namespace, byLabels(selector), into)
}

// listInto reads a list into a typed struct or an UnstructuredList.
func (c *Cluster) listInto(ctx context.Context, apiVersion, kind, namespace string, query url.Values, into any) error {
	return c.listAs(ctx, "", apiVersion, kind, namespace, query, into)
}

func (c *Cluster) listAs(ctx context.Context, accept, apiVersion, kind, namespace string, query url.Values, into any) error {
	doing := fmt.Sprintf("listing the objects of kind %s in namespace %q", kind, namespace)
	if namespace == "" {
		doing = fmt.Sprintf("listing the objects of kind %s in all namespaces", kind)
	}
	found, err := c.resource(ctx, apiVersion, kind)
	if err != nil {
		return explain(doing, err)
	}
	body, err := c.send(ctx, request{method: http.MethodGet, path: found.collection(namespace), query: query, accept: accept, retry: c.timing.retry})
	if err != nil {
		return explain(doing, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return explain(doing, err)
	}
	return nil
}

func byLabels(selector string) url.Values {
	if selector == "" {
		return nil
	}
	return url.Values{"labelSelector": {selector}}
}

func byFields(selector string) url.Values {
	return url.Values{"fieldSelector": {selector}}
}
