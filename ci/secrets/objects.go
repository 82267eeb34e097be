package secrets

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// current reads the values of every required Secret that exists, in a namespace that is the application's own.
func (s Store) current(ctx context.Context) (map[string]map[string]string, error) {
	if _, err := access.Ownership(ctx, s.Cluster, s.Environment, s.Application.Name); err != nil {
		return nil, err
	}
	return s.read(ctx)
}

func (s Store) read(ctx context.Context) (map[string]map[string]string, error) {
	all := map[string]map[string]string{}
	for _, secret := range s.Environment.Secrets {
		object, err := s.Cluster.Get(ctx, s.ref(secret.Name))
		if cluster.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		values, err := decode(object)
		if err != nil {
			return nil, err
		}
		all[secret.Name] = values
	}
	return all, nil
}

func (s Store) ref(name string) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: s.Environment.Namespace, Name: name}
}

func (s Store) object(name string, values map[string]string) *cluster.Object {
	return &cluster.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": map[string]any{"name": name, "namespace": s.Environment.Namespace, "labels": s.labels()},
		"data":     encode(values),
	}}
}

func (s Store) labels() map[string]any {
	return map[string]any{render.PartOfLabel: s.Application.Name, "app.kubernetes.io/managed-by": cluster.FieldManager}
}

// ensureNamespace makes the namespace when there is none and the caller may, and refuses one that belongs to something
// else. All but its name and owner comes with the manifests.
func (s Store) ensureNamespace(ctx context.Context) error {
	exists, err := access.Ownership(ctx, s.Cluster, s.Environment, s.Application.Name)
	if err != nil || exists {
		return err
	}
	_, err = s.Cluster.Create(ctx, &cluster.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": s.Environment.Namespace, "labels": s.labels()},
	}})
	if cluster.IsForbidden(err) {
		return fmt.Errorf("%w; or have an administrator create it: kubectl apply -k k8s/environments/%s/platform", err, s.Environment.Name)
	}
	return err
}

func encode(values map[string]string) map[string]any {
	data := map[string]any{}
	for key, value := range values {
		data[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return data
}

func decode(object *cluster.Object) (map[string]string, error) {
	values := map[string]string{}
	data, _ := object.Object["data"].(map[string]any)
	for key, encoded := range data {
		text, _ := encoded.(string)
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("reading %s, key %q: not base64", cluster.RefOf(object), key)
		}
		values[key] = string(value)
	}
	return values, nil
}
