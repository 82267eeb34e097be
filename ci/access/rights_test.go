package access

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
)

func TestAllRightsThatAreLackingAreNamed(t *testing.T) {
	shop := config.Environment{Name: "production", Namespace: "shop"}
	server := clustertest.NewServer()
	require.NoError(t, Check(t.Context(), server.NewClient().Cluster(), shop))
	server.Forbid("Lease")
	server.Forbid("ReplicaSet")
	assert.EqualError(t, Check(t.Context(), server.NewClient().Cluster(), shop),
		`the kubeconfig's user may not do in namespace "shop": list ReplicaSet, get Lease, create Lease, update Lease, patch Lease; `+
			"an administrator gives deployers their rights: kubectl apply -k k8s/environments/production/platform -l app.kubernetes.io/component=access")
}

// A right that is asked for and that no administrator gives would end every deploy.
func TestTheRightsAreThoseThatTheAdministratorGives(t *testing.T) {
	file, err := os.Open("../../k8s/platform/deployer.yaml")
	require.NoError(t, err)
	defer file.Close()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	var role rbacv1.Role
	for role.Kind != "Role" {
		require.NoError(t, decoder.Decode(&role))
	}
	for _, right := range needed("") {
		kind, err := schema.ParseGroupVersion(right.APIVersion)
		require.NoError(t, err)
		plural, _ := meta.UnsafeGuessKindToResource(kind.WithKind(right.Kind))
		resource := plural.Resource
		if right.Subresource != "" {
			resource += "/" + right.Subresource
		}
		assert.True(t, slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
			return slices.Contains(rule.APIGroups, plural.Group) && slices.Contains(rule.Resources, resource) && slices.Contains(rule.Verbs, right.Verb)
		}), "%s is not in k8s/platform/deployer.yaml", right)
	}
}
