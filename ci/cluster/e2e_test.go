//go:build e2e

package cluster_test

import (
	"context"
	"crypto/rand"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// These tests run against the cluster that KUBECONFIG names (the lab's), each in a namespace of its own.

// image is one that the lab serves. It only has to start quickly and to speak HTTP.
const image = "docker.io/library/node:24-trixie-slim"

func connect(t *testing.T) *cluster.Cluster {
	t.Helper()
	return connectWith(t, func(map[string]any) {})
}

// connectWith connects with a kubeconfig that was changed first.
func connectWith(t *testing.T, change func(kubeconfig map[string]any)) *cluster.Cluster {
	t.Helper()
	connected, err := cluster.Connect(t.Context(), cluster.Config{Kubeconfig: kubeconfig(t, change)})
	require.NoError(t, err)
	return connected
}

// kubeconfig reads the one that KUBECONFIG names, and changes it.
func kubeconfig(t *testing.T, change func(kubeconfig map[string]any)) []byte {
	t.Helper()
	path := os.Getenv("KUBECONFIG")
	require.NotEmpty(t, path, "set KUBECONFIG to the lab's (make lab, make lab-env)")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var parsed map[string]any
	require.NoError(t, yaml.Unmarshal(content, &parsed))
	change(parsed)
	content, err = yaml.Marshal(parsed)
	require.NoError(t, err)
	return content
}

// asUser changes the credentials of all users.
func asUser(change func(user map[string]any)) func(kubeconfig map[string]any) {
	return func(kubeconfig map[string]any) {
		for _, user := range kubeconfig["users"].([]any) {
			change(user.(map[string]any)["user"].(map[string]any))
		}
	}
}

// namespace makes a namespace that lives as long as the test.
func namespace(t *testing.T, c *cluster.Cluster) string {
	t.Helper()
	name := "cluster-e2e-" + strings.ToLower(rand.Text()[:8])
	object := parse(t, `{apiVersion: v1, kind: Namespace, metadata: {name: `+name+`}}`)
	_, err := c.Create(t.Context(), object)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Delete(context.Background(), cluster.RefOf(object))) })
	return name
}

// parse reads an object from YAML.
func parse(t *testing.T, text string) *cluster.Object {
	t.Helper()
	content, err := yaml.YAMLToJSON([]byte(text))
	require.NoError(t, err)
	object := &cluster.Object{}
	require.NoError(t, object.UnmarshalJSON(content))
	return object
}

// deployment is one of a web server on port 3000; change its text for what a test needs.
func deployment(t *testing.T, namespace, name string, changes ...string) *cluster.Object {
	t.Helper()
	text := strings.NewReplacer(changes...).Replace(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  replicas: 1
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: IMAGE
        command: [node, -e, SCRIPT]
        ports: [{containerPort: 3000}]
        resources: {limits: {cpu: 50m, memory: 96Mi}}
        readinessProbe: {httpGet: {port: 3000, path: /ready}, periodSeconds: 1}
`)
	script := `require("http").createServer((q, s) => { s.setHeader("x-release", "1"); s.statusCode = q.url == "/broken" ? 503 : 200; s.end(q.url) }).listen(3000)`
	return parse(t, strings.NewReplacer("NAMESPACE", namespace, "NAME", name, "IMAGE", image, "SCRIPT", `'`+script+`'`).Replace(text))
}

// service is one in front of a deployment.
func service(t *testing.T, namespace, name string) *cluster.Object {
	t.Helper()
	return parse(t, strings.NewReplacer("NAMESPACE", namespace, "NAME", name).Replace(`
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: NAMESPACE}
spec: {selector: {app: NAME}, ports: [{port: 3000}]}
`))
}
