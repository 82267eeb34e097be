//go:build e2e

package lock_test

import (
	"context"
	"crypto/rand"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// These tests run against the cluster that KUBECONFIG names (the lab's), each in a namespace of its own.

func connect(t *testing.T) *cluster.Cluster {
	t.Helper()
	path := os.Getenv("KUBECONFIG")
	require.NotEmpty(t, path, "set KUBECONFIG to the lab's (make lab, make lab-env)")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	api, err := cluster.Connect(t.Context(), cluster.Config{Kubeconfig: content})
	require.NoError(t, err)
	return api
}

// namespace makes a namespace that lives as long as the test.
func namespace(t *testing.T, api *cluster.Cluster) string {
	t.Helper()
	name := "lock-e2e-" + strings.ToLower(rand.Text()[:8])
	object := parse(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+name+"}}")
	_, err := api.Create(t.Context(), object)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, api.Delete(context.Background(), cluster.RefOf(object))) })
	return name
}

func parse(t *testing.T, text string) *cluster.Object {
	t.Helper()
	content, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	object := &cluster.Object{}
	require.NoError(t, object.UnmarshalJSON(content))
	return object
}

// deployment is one whose pods end at once: its controllers write to it without end.
func deployment(t *testing.T, namespace string) *cluster.Object {
	t.Helper()
	return parse(t, `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: `+namespace+`, labels: {app.kubernetes.io/part-of: shop}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: app
        image: docker.io/library/node:24-trixie-slim
        command: [node, -e, "setTimeout(() => {}, 1000)"]
        resources: {limits: {cpu: 50m, memory: 64Mi}}
`)
}

func kubectl(t *testing.T, namespace string, arguments ...string) {
	t.Helper()
	out, err := exec.Command("kubectl", append([]string{"--namespace", namespace}, arguments...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

func short(holder string) lock.Request {
	return lock.Request{Holder: holder, Command: "deploy", Application: "shop", TTL: 3 * time.Second}
}

func TestHoldersOneAfterTheOther(t *testing.T) {
	api := connect(t)
	ns := namespace(t, api)
	first, err := lock.Acquire(t.Context(), api, ns, short("ada"))
	require.NoError(t, err)
	request := short("bob")
	request.Wait = 4 * time.Second // longer than the lock's life: only renewals let it live on
	_, err = lock.Acquire(t.Context(), connect(t), ns, request)
	var refused *lock.HeldError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "ada", refused.Holder)
	require.NoError(t, first.Context().Err())
	require.NoError(t, first.Release(t.Context()))

	ctx, kill := context.WithCancel(t.Context())
	second, err := lock.Acquire(ctx, api, ns, short("bob"))
	require.NoError(t, err)
	_, err = second.Apply(ctx, parse(t, "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: "+ns+", labels: {app.kubernetes.io/part-of: shop}}}"))
	require.NoError(t, err)
	kill()
	third, err := lock.Acquire(t.Context(), api, ns, short("eve"))
	require.NoError(t, err)
	marked, err := api.Get(t.Context(), cluster.Ref{APIVersion: "v1", Kind: "ConfigMap", Namespace: ns, Name: "settings"})
	require.NoError(t, err)
	assert.Equal(t, third.Token(), marked.GetAnnotations()["team-dashboard.app/fence"])
	require.NoError(t, third.Release(t.Context()))
}

// What is created is as if it had been applied, beside controllers that write to it all the time.
func TestCreatedBesideControllers(t *testing.T) {
	api := connect(t)
	ns := namespace(t, api)
	held, err := lock.Acquire(t.Context(), api, ns, short("ada"))
	require.NoError(t, err)
	web := deployment(t, ns)
	change, err := held.Apply(t.Context(), web)
	require.NoError(t, err)
	assert.Equal(t, cluster.Created, change.Action)
	created, err := api.Get(t.Context(), cluster.RefOf(web))
	require.NoError(t, err)
	assert.NotContains(t, created.GetAnnotations(), "team-dashboard.app/creating")
	for _, entry := range created.GetManagedFields() {
		if entry.Manager == cluster.FieldManager {
			assert.Equal(t, "Apply", string(entry.Operation))
			assert.NotContains(t, entry.FieldsV1.GetRawString(), "dnsPolicy", "defaults are nobody's")
		}
	}
	change, err = held.Apply(t.Context(), web)
	require.NoError(t, err)
	assert.Equal(t, cluster.Unchanged, change.Action)
	assert.Empty(t, change.Foreign)
	for replicas := range 5 {
		change, err = held.Scale(t.Context(), cluster.RefOf(web), replicas%2)
		require.NoError(t, err)
		if replicas > 0 {
			assert.Equal(t, cluster.Scaled, change.Action)
		}
	}
	change, err = held.Delete(t.Context(), cluster.RefOf(web))
	require.NoError(t, err)
	assert.Equal(t, cluster.Deleted, change.Action)
	require.NoError(t, held.Release(t.Context()))
}

// What was read and is gone, or is another one, is not written.
func TestOfTheVersionThatWasRead(t *testing.T) {
	api := connect(t).WithOutageBudget(0)
	ns := namespace(t, api)
	web := deployment(t, ns)
	require.NoError(t, unstructured.SetNestedField(web.Object, int64(0), "spec", "replicas"))
	read, err := api.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	refused := func(what string) {
		t.Helper()
		_, err := api.ApplyVersion(t.Context(), read, web)
		assert.True(t, cluster.IsConflict(err), "apply to what %s: %v", what, err)
		_, err = api.ScaleVersion(t.Context(), read, 3)
		assert.True(t, cluster.IsConflict(err) || cluster.IsNotFound(err), "scale what %s: %v", what, err)
		_, err = api.MergePatchVersion(t.Context(), read, map[string]any{"spec": map[string]any{"paused": true}})
		assert.True(t, cluster.IsConflict(err) || cluster.IsNotFound(err), "patch what %s: %v", what, err)
		deleted, err := api.DeleteVersion(t.Context(), read)
		assert.True(t, cluster.IsConflict(err) || err == nil && !deleted, "delete what %s: %v", what, err)
	}
	require.NoError(t, api.Stamp(t.Context(), cluster.RefOf(web), map[string]any{"example.com/mark": "1"}))
	refused("was marked")
	require.NoError(t, api.Delete(t.Context(), cluster.RefOf(web)))
	refused("is gone")
	_, err = api.Get(t.Context(), cluster.RefOf(web))
	require.True(t, cluster.IsNotFound(err), "it was made anew: %v", err)
	_, err = api.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	refused("was made anew")
}

// What people set by kubectl is gone after an apply, but for the number of pods where the manifest leaves it open; what other
// tools set is listed.
func TestWhatPeopleSet(t *testing.T) {
	api := connect(t)
	ns := namespace(t, api)
	held, err := lock.Acquire(t.Context(), api, ns, short("ada"))
	require.NoError(t, err)
	web := deployment(t, ns)
	_, err = held.Apply(t.Context(), web)
	require.NoError(t, err)
	kubectl(t, ns, "scale", "deployment/web", "--replicas=0")
	kubectl(t, ns, "set", "env", "deployment/web", "DEBUG=1")
	kubectl(t, ns, "set", "resources", "deployment/web", "--requests=cpu=1m")
	kubectl(t, ns, "label", "deployment/web", "team=a")
	kubectl(t, ns, "annotate", "deployment/web", "example.com/note=yes")
	kubectl(t, ns, "patch", "deployment/web", "--patch", `{"spec": {"minReadySeconds": 7, "template": {"spec": {"containers": [{"name": "sidecar", "image": "x"}]}}}}`)
	kubectl(t, ns, "patch", "deployment/web", "--field-manager=terraform", "--patch", `{"spec": {"template": {"spec": {"priority": 0, "containers": [{"name": "app", "env": [{"name": "LATER", "value": "1"}]}]}}}}`)

	change, err := held.Apply(t.Context(), web)
	require.NoError(t, err)
	assert.Equal(t, cluster.Created, held.Changes()[0].Action)
	assert.Equal(t, []string{`spec.template.spec.containers[name="app"].env[name="LATER"] by "terraform"`, `spec.template.spec.priority by "terraform"`}, change.Foreign)
	applied, err := api.Get(t.Context(), cluster.RefOf(web))
	require.NoError(t, err)
	assert.NotContains(t, applied.GetLabels(), "team")
	assert.NotContains(t, applied.GetAnnotations(), "example.com/note")
	text, err := applied.MarshalJSON()
	require.NoError(t, err)
	for _, gone := range []string{"DEBUG", "sidecar", "minReadySeconds", `"1m"`} {
		assert.NotContains(t, string(text), `"value":"`+gone, gone)
	}
	containers, _, _ := unstructured.NestedSlice(applied.Object, "spec", "template", "spec", "containers")
	assert.Len(t, containers, 1)
	_, found, _ := unstructured.NestedFieldNoCopy(applied.Object, "spec", "minReadySeconds")
	assert.False(t, found)
	replicas, _, _ := unstructured.NestedInt64(applied.Object, "spec", "replicas")
	assert.Zero(t, replicas, "kubectl scale")

	again, err := held.Apply(t.Context(), web)
	require.NoError(t, err)
	assert.Equal(t, cluster.Unchanged, again.Action)
	require.NoError(t, held.Release(t.Context()))
}
