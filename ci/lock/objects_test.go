package lock_test

import (
	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// labelled are the labels by which an application's objects are fenced.
var labelled = map[string]string{"app.kubernetes.io/part-of": "shop"}

func settings(value string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]any{"key": value}}}
	object.SetName("settings")
	object.SetNamespace("shop")
	object.SetLabels(labelled)
	return object
}

func web(image string) *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "spec": map[string]any{
		"replicas": int64(2),
		"selector": map[string]any{"matchLabels": map[string]any{"app": "web"}},
		"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"app": "web"}},
			"spec": map[string]any{"containers": []any{map[string]any{"name": "web", "image": image}}}},
	}}}
	object.SetName("web")
	object.SetNamespace("shop")
	object.SetLabels(labelled)
	return object
}

func data(object *cluster.Object) any {
	if object == nil {
		return nil
	}
	return object.Object["data"]
}

func job() *cluster.Object {
	object := &cluster.Object{Object: map[string]any{"apiVersion": "batch/v1", "kind": "Job", "spec": map[string]any{
		"template": map[string]any{"spec": map[string]any{"restartPolicy": "Never", "containers": []any{map[string]any{"name": "smoke", "image": "smoke"}}}}}}}
	object.SetName("smoke")
	object.SetNamespace("shop")
	object.SetLabels(labelled)
	return object
}
