package render

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// everything calls check with every object that any kustomization of the repository builds, components included.
func everything(t *testing.T, check func(t *testing.T, from string, object *unstructured.Unstructured)) {
	t.Helper()
	files, err := load(manifests)
	require.NoError(t, err)
	const operator = "monitoring-by-the-operator"
	require.NoError(t, files.WriteFile(root+"/"+operator+"/kustomization.yaml",
		[]byte("resources: [../monitoring]\ncomponents: [../components/prometheus-operator]\n")))
	for _, folder := range append(kustomizations(t), operator) {
		objects, err := build(files, filepath.Join(root, folder))
		require.NoError(t, err, folder)
		for _, object := range objects {
			check(t, folder, object)
		}
	}
	for _, environment := range []string{"staging", "production"} {
		for _, object := range with(t, environment, "cert-manager", "gateway-api") {
			check(t, environment+" with components", object)
		}
	}
}

// No manifest gives anybody the cluster: no role of the cluster's own is handed out, none says "all", or gives more
// than it names, and one that is not bound to a namespace only reads.
func TestNobodyIsClusterAdmin(t *testing.T) {
	roles := 0
	everything(t, func(t *testing.T, from string, object *unstructured.Unstructured) {
		what := from + ": " + describe(object)
		switch object.GetKind() {
		case "Role", "ClusterRole":
			roles++
			for _, rule := range as[rbacv1.ClusterRole](t, object).Rules {
				assert.NotContains(t, append(rule.APIGroups, rule.Resources...), "*", what)
				for _, verb := range []string{"*", "escalate", "bind", "impersonate", "deletecollection"} {
					assert.NotContains(t, rule.Verbs, verb, what)
				}
				if object.GetKind() == "ClusterRole" {
					assert.Subset(t, []string{"get", "list", "watch"}, rule.Verbs, what)
					assert.NotContains(t, rule.Resources, "secrets", what)
				}
			}
		case "RoleBinding", "ClusterRoleBinding":
			binding := as[rbacv1.ClusterRoleBinding](t, object)
			assert.NotContains(t, []string{"cluster-admin", "admin", "edit"}, binding.RoleRef.Name, what)
			assert.False(t, strings.HasPrefix(binding.RoleRef.Name, "system:"), what)
			for _, subject := range binding.Subjects {
				assert.False(t, strings.HasPrefix(subject.Name, "system:"), "%s: everybody is %s", what, subject.Name)
			}
		}
		if object.GetKind() == "ClusterRole" || object.GetKind() == "ClusterRoleBinding" {
			assert.True(t, strings.HasPrefix(from, "monitoring"), "%s: only what watches the nodes needs rights outside of a namespace", what)
		}
	})
	assert.Positive(t, roles)
}

// A pod gets a token only where its manifest says so and its account has rights: none in an environment.
func TestAccountsHaveNoTokens(t *testing.T) {
	everything(t, func(t *testing.T, from string, object *unstructured.Unstructured) {
		if object.GetKind() == "ServiceAccount" {
			account := as[corev1.ServiceAccount](t, object)
			require.NotNil(t, account.AutomountServiceAccountToken, "%s: %s", from, describe(object))
			assert.False(t, *account.AutomountServiceAccountToken, "%s: %s", from, describe(object))
		}
	})
}
