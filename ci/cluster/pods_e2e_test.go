//go:build e2e

package cluster_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

func TestWaitAndAsk(t *testing.T) {
	t.Parallel()
	c := connect(t)
	ns := namespace(t, c)
	for _, object := range []*cluster.Object{deployment(t, ns, "web"), service(t, ns, "web"), service(t, ns, "empty")} {
		_, err := c.Apply(t.Context(), object, cluster.ApplyOptions{})
		require.NoError(t, err)
	}
	var lines []string
	require.NoError(t, workload.WaitDeployments(t.Context(), c, ns, []string{"web"}, workload.Options{Progress: func(line string) { lines = append(lines, line) }}))
	assert.Equal(t, []string{"web 0/1 ready", "web 1/1 ready"}, lines)

	pods, err := c.List(t.Context(), "v1", "Pod", ns, "app=web")
	require.NoError(t, err)
	require.Len(t, pods, 1)
	pod := pods[0].GetName()
	ask := map[string]func(path string) (cluster.Response, error){
		"Service": func(path string) (cluster.Response, error) { return c.ServiceGet(t.Context(), ns, "web", 3000, path) },
		"Pod":     func(path string) (cluster.Response, error) { return c.PodGet(t.Context(), ns, pod, 3000, path) },
	}
	for name, get := range ask {
		t.Run(name, func(t *testing.T) {
			response, err := get("/api/health?deep=1")
			require.NoError(t, err)
			assert.Equal(t, 200, response.Status)
			assert.Equal(t, "1", response.Header.Get("x-release"))
			assert.Equal(t, "/api/health?deep=1", string(response.Body))
			assert.Positive(t, response.Duration)

			response, err = get("/broken")
			require.NoError(t, err)
			assert.Equal(t, 503, response.Status, "the application's own")
		})
	}
	_, err = c.ServiceGet(t.Context(), ns, "empty", 3000, "/")
	assert.ErrorIs(t, err, cluster.ErrNotServing)
	_, err = c.ServiceGet(t.Context(), ns, "missing", 3000, "/")
	assert.True(t, cluster.IsNotFound(err))
	_, err = c.PodGet(t.Context(), ns, pod, 3999, "/")
	assert.ErrorIs(t, err, cluster.ErrNotServing)

	require.NoError(t, c.Scale(t.Context(), ns, "web", 0))
	require.NoError(t, workload.WaitDeployments(t.Context(), c, ns, []string{"web"}, workload.Options{}))
}

func TestWaitFailsAtOnce(t *testing.T) {
	t.Parallel()
	c := connect(t)
	ns := namespace(t, c)
	quota := parse(t, `{apiVersion: v1, kind: ResourceQuota, metadata: {name: small, namespace: `+ns+`}, spec: {hard: {limits.cpu: 500m}}}`)
	_, err := c.Apply(t.Context(), quota, cluster.ApplyOptions{})
	require.NoError(t, err)
	tests := []struct {
		name    string
		changes []string
		reason  string
		message string
		logs    string
	}{
		{"missing-image", []string{"IMAGE", "docker.io/library/node:no-such-tag"}, "ErrImagePull", "no-such-tag", ""},
		{"wrong-name", []string{"IMAGE", "docker.io//Node:24"}, "InvalidImageName", "Node", ""},
		{"missing-secret", []string{"ports:", "envFrom: [{secretRef: {name: database-secrets}}]\n        ports:"}, "CreateContainerConfigError", "database-secrets", ""},
		{"crash", []string{"SCRIPT", `'console.log("no such table"); process.exit(3)'`}, "CrashLoopBackOff", "exit code 3", "no such table"},
		{"quota", []string{"cpu: 50m", "cpu: 800m"}, "FailedCreate", "exceeded quota: small", ""},
		{"no-room", []string{"limits: {cpu: 50m,", "requests: {cpu: 1m, memory: 9Ti}, limits: {cpu: 1m,", "memory: 96Mi", "memory: 9Ti"}, "Unschedulable", "Insufficient memory", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			object := deployment(t, ns, test.name, test.changes...)
			_, err := c.Apply(t.Context(), object, cluster.ApplyOptions{})
			require.NoError(t, err)
			start := time.Now()
			err = workload.WaitDeployments(t.Context(), c, ns, []string{test.name}, workload.Options{})
			t.Logf("after %s: %v", time.Since(start).Round(time.Second), err)
			var failure *workload.WaitError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, test.reason, failure.Reason)
			assert.Contains(t, failure.Message, test.message)
			assert.Contains(t, failure.Logs, test.logs)
			require.NoError(t, c.Delete(t.Context(), cluster.RefOf(object)))
		})
	}
}

func TestWaitSaysWhyItIsNeverReady(t *testing.T) {
	t.Parallel()
	c := connect(t)
	ns := namespace(t, c)
	object := deployment(t, ns, "web", "path: /ready", "path: /broken", "SCRIPT", `'console.log("no database yet"); `+
		`require("http").createServer((q, s) => { s.statusCode = 503; s.end() }).listen(3000)'`)
	_, err := c.Apply(t.Context(), object, cluster.ApplyOptions{})
	require.NoError(t, err)
	err = workload.WaitDeployments(t.Context(), c, ns, []string{"web"}, workload.Options{Budget: 15 * time.Second})
	var failure *workload.WaitError
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "NotReady", failure.Reason)
	assert.Contains(t, failure.Message, "statuscode: 503")
	assert.Equal(t, "no database yet", failure.Logs)
}

func TestRunJob(t *testing.T) {
	t.Parallel()
	c := connect(t)
	ns := namespace(t, c)
	job := func(script string) *cluster.Object {
		return parse(t, strings.NewReplacer("NAMESPACE", ns, "IMAGE", image, "SCRIPT", script).Replace(`
apiVersion: batch/v1
kind: Job
metadata: {name: smoke, namespace: NAMESPACE}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers: [{name: smoke, image: "IMAGE", command: [node, -e, 'SCRIPT']}]
`))
	}
	for script, want := range map[string]bool{
		`console.log("ok"); setTimeout(() => console.log("done"), 2000)`: true,
		`console.log("ok"); console.log("done"); process.exitCode = 1`:   false,
	} {
		var output bytes.Buffer
		succeeded, err := workload.RunJob(t.Context(), c, job(script), workload.JobOptions{Output: &output})
		require.NoError(t, err)
		assert.Equal(t, want, succeeded)
		assert.Equal(t, "ok\ndone\n", output.String())
	}
	left, err := c.List(t.Context(), "batch/v1", "Job", ns, "")
	require.NoError(t, err)
	assert.Empty(t, left)
}
