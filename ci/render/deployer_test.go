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
		assert.Equal(t, []rbacv1.Subject{
			{Kind: "ServiceAccount", Name: "deployer", Namespace: namespace},
			{Kind: "Group", Name: "team-dashboard:deployers", APIGroup: rbacv1.GroupName},
		}, binding.Subjects)
		assert.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "deployer"}, binding.RoleRef)

		for _, rule := range as[rbacv1.Role](t, find(t, objects, "Role", "deployer")).Rules {
			// Data is kept, whatever the pipeline is asked for.
			for _, kept := range []string{"statefulsets", "persistentvolumeclaims", "namespaces"} {
				if slices.Contains(rule.Resources, kept) {
					assert.NotContains(t, rule.Verbs, "delete", kept)
				}
			}
			// Who deploys changes neither its own rights nor which pods the namespace lets in.
			for _, administrators := range []string{"roles", "rolebindings", "namespaces"} {
				if slices.Contains(rule.Resources, administrators) {
					assert.Equal(t, []string{"get"}, rule.Verbs, administrators)
				}
			}
		}
	}
}

// What is an administrator's is marked, since a deploy leaves it alone and `kubectl apply -l` picks it.
func TestWhatTheAdministratorAppliesIsMarked(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		for _, object := range with(t, environment, "cert-manager", "gateway-api") {
			theirs := slices.Contains([]string{"Namespace", "Role", "RoleBinding"}, object.GetKind()) || object.GetName() == "deployer"
			assert.Equal(t, theirs, object.GetLabels()[ComponentLabel] == "access", describe(object))
		}
	}
}
