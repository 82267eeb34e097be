//go:build e2e

package cluster_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func TestApply(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	web := deployment(t, ns, "web", "replicas: 1", "replicas: 0")
	first, err := c.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	second, err := c.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	assert.Equal(t, first.GetGeneration(), second.GetGeneration(), "the same object again changes nothing")

	_, err = c.MergePatch(t.Context(), cluster.RefOf(web), map[string]any{"spec": map[string]any{"paused": true, "revisionHistoryLimit": 3}})
	require.NoError(t, err)
	require.NoError(t, unstructured.SetNestedField(web.Object, int64(5), "spec", "revisionHistoryLimit"))
	third, err := c.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	limit, _, _ := unstructured.NestedInt64(third.Object, "spec", "revisionHistoryLimit")
	paused, _, _ := unstructured.NestedBool(third.Object, "spec", "paused")
	assert.Equal(t, int64(5), limit, "fields that others changed are taken over")
	assert.True(t, paused, "fields that it does not name are left alone")
}

func TestApplyDryRun(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	_, err := c.MergePatch(t.Context(), cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: ns},
		map[string]any{"metadata": map[string]any{"labels": map[string]any{"pod-security.kubernetes.io/warn": "restricted"}}})
	require.NoError(t, err)
	web := deployment(t, ns, "web", "replicas: 1", "replicas: 0")
	var warnings []string
	_, err = c.Apply(t.Context(), web, cluster.ApplyOptions{DryRun: true, Warning: func(text string) { warnings = append(warnings, text) }})
	require.NoError(t, err)
	require.Len(t, warnings, 1)
	assert.Contains(t, warnings[0], "would violate PodSecurity")
	_, err = c.Get(t.Context(), cluster.RefOf(web))
	assert.True(t, cluster.IsNotFound(err))

	broken := deployment(t, ns, "web", "containerPort: 3000", "containerPort: 300000")
	_, err = c.Apply(t.Context(), broken, cluster.ApplyOptions{DryRun: true})
	assert.True(t, cluster.IsInvalid(err))
	assert.ErrorContains(t, err, `trying out Deployment "web" in namespace "`+ns+`": `)
	assert.ErrorContains(t, err, "containerPort")
}

// What was applied by hand belongs to the pipeline after its first Apply: what that does not mention goes.
func TestApplyTakesOverWhatKubectlApplied(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	byHand := service(t, ns, "web") // which no controller changes meanwhile
	byHand.SetAnnotations(map[string]string{"example.com/left-over": "yes"})
	file := filepath.Join(t.TempDir(), "web.json")
	data, err := byHand.MarshalJSON()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
	out, err := exec.Command("kubectl", "apply", "--filename", file).CombinedOutput()
	require.NoError(t, err, "%s", out)

	web := service(t, ns, "web")
	for range 2 {
		applied, err := c.Apply(t.Context(), web, cluster.ApplyOptions{})
		require.NoError(t, err)
		assert.NotContains(t, applied.GetAnnotations(), "example.com/left-over")
		web.SetResourceVersion(applied.GetResourceVersion()) // the stable Services are applied with theirs
	}
}

func TestScaleOutlivesApply(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	web := deployment(t, ns, "web", "  replicas: 1\n", "  paused: true\n")
	_, err := c.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, c.Scale(t.Context(), ns, "web", 4))
	applied, err := c.Apply(t.Context(), web, cluster.ApplyOptions{})
	require.NoError(t, err)
	replicas, _, _ := unstructured.NestedInt64(applied.Object, "spec", "replicas")
	assert.Equal(t, int64(4), replicas)
}

func TestPatchPreconditions(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	object, err := c.Apply(t.Context(), service(t, ns, "web"), cluster.ApplyOptions{})
	require.NoError(t, err)
	ref := cluster.RefOf(object)
	move := func(test cluster.Operation) error {
		_, err := c.Patch(t.Context(), ref, []cluster.Operation{test, {Op: "replace", Path: "/spec/selector/app", Value: "other"}})
		return err
	}
	refused := map[string]cluster.Operation{
		"another version": {Op: "test", Path: "/metadata/resourceVersion", Value: "1"},
		"a missing value": {Op: "test", Path: "/metadata/labels/slot", Value: "blue"},
		"another value":   {Op: "test", Path: "/spec/selector/app", Value: "blue"},
	}
	for name, test := range refused {
		t.Run(name, func(t *testing.T) { assert.ErrorIs(t, move(test), cluster.ErrPreconditionFailed) })
	}
	require.NoError(t, move(cluster.Operation{Op: "test", Path: "/metadata/resourceVersion", Value: object.GetResourceVersion()}))
	assert.ErrorIs(t, move(cluster.Operation{Op: "test", Path: "/metadata/resourceVersion", Value: object.GetResourceVersion()}), cluster.ErrPreconditionFailed)

	_, err = c.Patch(t.Context(), ref, []cluster.Operation{{Op: "test", Path: "/spec/selector/app", Value: "other"}, {Op: "replace", Path: "/spec/ports/0/port", Value: 0}})
	assert.True(t, cluster.IsInvalid(err), "the precondition held, the object is wrong: %v", err)
	assert.NotErrorIs(t, err, cluster.ErrPreconditionFailed)
}

func TestDeleteTwice(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	object, err := c.Apply(t.Context(), service(t, ns, "web"), cluster.ApplyOptions{})
	require.NoError(t, err)
	require.NoError(t, c.Delete(t.Context(), cluster.RefOf(object)))
	require.NoError(t, c.Delete(t.Context(), cluster.RefOf(object)))
	services, err := c.List(t.Context(), "v1", "Service", ns, "")
	require.NoError(t, err)
	assert.Empty(t, services)
}

func TestRights(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	patch := cluster.Action{Verb: "patch", APIVersion: "apps/v1", Kind: "Deployment", Subresource: "scale", Namespace: ns}
	can, err := c.Can(t.Context(), patch)
	require.NoError(t, err)
	assert.True(t, can)

	nobody := connectWith(t, asUser(func(user map[string]any) { user["as"] = "nobody" }))
	can, err = nobody.Can(t.Context(), patch)
	require.NoError(t, err)
	assert.False(t, can)
	err = nobody.Scale(t.Context(), ns, "web", 1)
	assert.True(t, cluster.IsForbidden(err))
	assert.ErrorContains(t, err, "give the kubeconfig's user this right")
}

func TestUnknownCredentials(t *testing.T) {
	content := kubeconfig(t, asUser(func(user map[string]any) {
		clear(user)
		user["token"] = "expired"
	}))
	_, err := cluster.Connect(t.Context(), cluster.Config{Kubeconfig: content})
	assert.ErrorContains(t, err, "it refuses the kubeconfig's credentials: Unauthorized; they are unknown or have expired")

	_, err = cluster.Connect(t.Context(), cluster.Config{Kubeconfig: kubeconfig(t, asUser(func(user map[string]any) { clear(user) }))})
	assert.ErrorContains(t, err, "may not even look")
}
