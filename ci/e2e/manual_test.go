//go:build e2e

package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestByHand goes the way without the pipeline, on an empty namespace with the secrets in place, and lets the pipeline
// take over what it finds.
func TestByHand(t *testing.T) {
	vacate(t, staging)
	kubectl(t, "apply", "-k", "k8s/environments/staging/platform")
	withSecrets(t, "staging")

	part(t, "kubectl apply -k as it stands runs the images tagged latest", func(t *testing.T) {
		kubectl(t, "apply", "-k", "k8s/environments/staging")
		ready(t, staging)
		requireAnswer(t, "staging.team-dashboard.app", "latest")
		assert.Contains(t, mustCall(t, "status", "--env", "staging"), "latest")
	})

	folder := filepath.Join(t.TempDir(), "manifests")
	part(t, "a version of one's own, rendered and applied", func(t *testing.T) {
		mustCall(t, "--source", v1.source(t), "publish", "--version", "v1.0.0", "contents")
		mustCall(t, "render", "--env", "staging", "--release", "v1.0.0", "export", "--path", folder)
		addAnnotation(t, filepath.Join(folder, "slot"))
		kubectl(t, "apply", "-k", folder)
		ready(t, staging)
		requireAnswer(t, "staging.team-dashboard.app", "v1.0.0")
	})

	part(t, "the pipeline takes it over without replacing a pod", func(t *testing.T) {
		seen := liveIn(t, "staging")
		assert.Equal(t, "v1.0.0", seen.Release)
		assert.Zero(t, seen.Revision, "nothing was recorded yet")
		before := templates(podsOf(t, staging, "app.kubernetes.io/component=service"))

		out := mustCall(t, "deploy", "--env", "staging", "--release", "v1.0.0", "--watch", "0s", "--format", "json")
		var result deployed
		require.NoError(t, json.Unmarshal([]byte(out), &result), out)
		assert.Equal(t, "succeeded", result.Outcome)
		assert.Equal(t, before, templates(podsOf(t, staging, "app.kubernetes.io/component=service")))
		assert.Equal(t, result.Revision, liveIn(t, "staging").Revision)
		assert.Empty(t, kubectl(t, "-n", staging, "get", "deployment", "dashboard", "-o", `jsonpath={.metadata.annotations.example\.com/by-hand}`),
			"what was set by hand and is not in the manifests outlives a deploy")
	})
}

// addAnnotation changes a rendered layer as a person in a hurry would.
func addAnnotation(t testing.TB, layer string) {
	t.Helper()
	path := filepath.Join(layer, "kustomization.yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	write(t, path, string(text)+`patches:
  - target: {kind: Deployment, name: dashboard}
    patch: '[{"op": "add", "path": "/metadata/annotations", "value": {"example.com/by-hand": "yes"}}]'
`)
}

// ready waits until everything in a namespace runs what was applied.
func ready(t testing.TB, namespace string) {
	t.Helper()
	kubectl(t, "-n", namespace, "rollout", "status", "statefulset", "--timeout=180s")
	kubectl(t, "-n", namespace, "rollout", "status", "deployment", "--timeout=180s")
}

// placement is what takes an environment's traffic, as status says it.
type placement struct {
	Release  string `json:"release"`
	Revision int    `json:"revision"`
}

func liveIn(t testing.TB, env string) placement {
	t.Helper()
	var status struct {
		Live *placement `json:"live"`
	}
	out := mustCall(t, "status", "--env", env, "--format", "json")
	require.NoError(t, json.Unmarshal([]byte(out), &status), out)
	require.NotNil(t, status.Live, out)
	return *status.Live
}

// requireAnswer asks every service at the front door until fresh connections get the release: the controller takes a
// moment to follow.
func requireAnswer(t testing.TB, host, release string) {
	t.Helper()
	client := doorClient(t, true)
	for _, path := range paths {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			response, err := client.Get("https://" + host + path)
			if assert.NoError(c, err) {
				_ = response.Body.Close()
				assert.Equal(c, http.StatusOK, response.StatusCode, path)
				assert.Equal(c, release, response.Header.Get("x-release"), path)
			}
		}, 20*time.Second, 200*time.Millisecond)
	}
}
