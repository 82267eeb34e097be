//go:build e2e

package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func TestTry(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	pod := func() *cluster.Object {
		template, _, _ := unstructured.NestedMap(deployment(t, ns, "web").Object, "spec", "template")
		made := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod", "spec": template["spec"]}}
		made.SetGenerateName("web-")
		made.SetNamespace(ns)
		return made
	}
	admitted, err := c.Try(t.Context(), pod())
	require.NoError(t, err)
	assert.Contains(t, admitted.GetName(), "web-")
	pods, err := c.List(t.Context(), "v1", "Pod", ns, "")
	require.NoError(t, err)
	assert.Empty(t, pods, "something was stored")

	for field, says := range map[string]string{"serviceAccountName": `serviceaccount "nobody" not found`, "priorityClassName": "no PriorityClass with name nobody was found"} {
		lacking := pod()
		require.NoError(t, unstructured.SetNestedField(lacking.Object, "nobody", "spec", field))
		_, err := c.Try(t.Context(), lacking)
		assert.True(t, cluster.IsForbidden(err), "%v", err)
		assert.ErrorContains(t, err, says)
	}
}

// Each API server has words of its own for what nobody may change.
func TestImmutableFieldsAreRecognised(t *testing.T) {
	c := connect(t)
	ns := namespace(t, c)
	for name, kind := range map[string]struct{ before, after, field string }{
		"selector of a Deployment": {
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: 0, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: x, image: x}]}}}}`,
			`{apiVersion: apps/v1, kind: Deployment, metadata: {name: x}, spec: {replicas: 0, selector: {matchLabels: {a: b, c: d}}, template: {metadata: {labels: {a: b, c: d}}, spec: {containers: [{name: x, image: x}]}}}}`, "spec.selector"},
		"name of a StatefulSet's Service": {
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {replicas: 0, serviceName: x, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: x, image: x}]}}}}`,
			`{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: x}, spec: {replicas: 0, serviceName: z, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: x, image: x}]}}}}`, "spec"},
		"template of a Job": {
			`{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: x, image: x}]}}}}`,
			`{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: x, image: z}]}}}}`, "spec.template"},
		"address of a Service": {
			`{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {ports: [{port: 80}]}}`,
			`{apiVersion: v1, kind: Service, metadata: {name: x}, spec: {clusterIP: None, ports: [{port: 80}]}}`, "spec.clusterIPs[0]"},
		"role of a RoleBinding": {
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: x}}`,
			`{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: x}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: z}}`, "roleRef"},
		"data of an immutable ConfigMap": {
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, immutable: true, data: {a: b}}`,
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, immutable: true, data: {a: c}}`, "data"},
		"type of a Secret": {
			`{apiVersion: v1, kind: Secret, metadata: {name: x}, type: Opaque}`,
			`{apiVersion: v1, kind: Secret, metadata: {name: x}, type: example.com/other}`, "type"},
		"class of a volume": {
			`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {storageClassName: none, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`,
			`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: x}, spec: {storageClassName: other, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}`, "spec"},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := parse(t, kind.before), parse(t, kind.after)
			before.SetNamespace(ns)
			after.SetNamespace(ns)
			_, err := c.Apply(t.Context(), before, cluster.ApplyOptions{})
			require.NoError(t, err)
			_, err = c.Apply(t.Context(), after, cluster.ApplyOptions{DryRun: true})
			assert.Equal(t, []string{kind.field}, cluster.ImmutableFields(err), "%v", err)
		})
	}
}
