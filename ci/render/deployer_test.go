package render

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	rbacv1 "k8s.io/api/rbac/v1"
)

func TestTheDeployerStaysInItsNamespace(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		objects := rendered(t, environment, Platform, "")
		namespace := options(t, environment, Platform, "").Environment.Namespace

		binding := as[rbacv1.RoleBinding](t, find(t, objects, "RoleBinding", "deployer"))
		assert.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "deployer", Namespace: namespace}}, binding.Subjects)
		assert.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "deployer"}, binding.RoleRef)

		// The words that give more than they name.
		for _, rule := range as[rbacv1.Role](t, find(t, objects, "Role", "deployer")).Rules {
			assert.NotContains(t, rule.APIGroups, "*")
			assert.NotContains(t, rule.Resources, "*")
			for _, verb := range []string{"*", "escalate", "bind", "impersonate", "deletecollection"} {
				assert.NotContains(t, rule.Verbs, verb)
			}
			// Data is kept, whatever the pipeline is asked for.
			for _, kept := range []string{"statefulsets", "persistentvolumeclaims", "namespaces"} {
				if slices.Contains(rule.Resources, kept) {
					assert.NotContains(t, rule.Verbs, "delete", kept)
				}
			}
		}
		for _, object := range objects {
			assert.NotContains(t, []string{"ClusterRole", "ClusterRoleBinding"}, object.GetKind())
		}
	}
}
