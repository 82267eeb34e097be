package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Kind is a kind of objects that the cluster has, in the version that it prefers.
type Kind struct {
	APIVersion string
	Kind       string
	Namespaced bool
}

// aggregatedDiscovery asks for all kinds of an API at once, which every API server since Kubernetes 1.27 can tell.
const aggregatedDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"

// groupList is the part that is read of an apidiscovery.k8s.io APIGroupDiscoveryList.
type groupList struct {
	Kind  string `json:"kind"`
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		// Versions are in the order of the server's preference.
		Versions []struct {
			Version   string `json:"version"`
			Resources []struct {
				Scope        string   `json:"scope"`
				Verbs        []string `json:"verbs"`
				ResponseKind struct {
					Kind string `json:"kind"`
				} `json:"responseKind"`
			} `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
}

// Kinds lists the kinds whose objects can be listed and patched.
func (c *Cluster) Kinds(ctx context.Context) ([]Kind, error) {
	const doing = "listing the kinds that the cluster has"
	var found []Kind
	for _, path := range []string{"/api", "/apis"} {
		body, err := c.send(ctx, request{method: http.MethodGet, path: path, accept: aggregatedDiscovery, retry: c.timing.retry})
		if err != nil {
			return nil, explain(doing, err)
		}
		var list groupList
		if err := json.Unmarshal(body, &list); err != nil {
			return nil, explain(doing, err)
		}
		if list.Kind != "APIGroupDiscoveryList" {
			return nil, fmt.Errorf("%s: the API server answers %q only; it must be Kubernetes 1.27 or newer", doing, list.Kind)
		}
		found = append(found, list.kinds()...)
	}
	return found, nil
}

func (l groupList) kinds() []Kind {
	var found []Kind
	for _, group := range l.Items {
		seen := map[string]bool{}
		for _, version := range group.Versions {
			for _, resource := range version.Resources {
				kind := resource.ResponseKind.Kind
				if seen[kind] || !slices.Contains(resource.Verbs, "list") || !slices.Contains(resource.Verbs, "patch") {
					continue
				}
				seen[kind] = true
				apiVersion := version.Version
				if group.Metadata.Name != "" {
					apiVersion = group.Metadata.Name + "/" + version.Version
				}
				found = append(found, Kind{APIVersion: apiVersion, Kind: kind, Namespaced: resource.Scope == "Namespaced"})
			}
		}
	}
	return found
}

// metadataOnly asks for the metadata of objects in place of the objects.
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

// ListMetadata is List of what the objects' metadata say only, which spares reading large ones.
func (c *Cluster) ListMetadata(ctx context.Context, kind Kind, namespace, selector string) ([]*Object, error) {
	var list unstructured.UnstructuredList
	if err := c.listAs(ctx, metadataOnly, kind.APIVersion, kind.Kind, namespace, byLabels(selector), &list); err != nil {
		return nil, err
	}
	objects := make([]*Object, len(list.Items))
	for i := range list.Items {
		objects[i] = &list.Items[i]
		objects[i].SetAPIVersion(kind.APIVersion)
		objects[i].SetKind(kind.Kind)
	}
	return objects, nil
}
