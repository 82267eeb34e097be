//go:build e2e

package e2e

import (
	"flag"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
)

// auditSince is the audit log from where it ended when the run began.
var auditSince *audit.Log

// right names a right as messages show it: patch apps/deployments/scale.
func right(verb, group, resource string) string {
	return verb + " " + strings.TrimPrefix(group+"/"+resource, "/")
}

// rights are those that a request made use of. To apply what is not there yet takes the right to create it too.
func rights(of audit.Entry) []string {
	resource := strings.TrimSuffix(of.ObjectRef.Resource+"/"+of.ObjectRef.Subresource, "/")
	rights := []string{right(of.Verb, of.ObjectRef.APIGroup, resource)}
	if of.Verb == "patch" && of.ResponseStatus.Code == 201 {
		rights = append(rights, right("create", of.ObjectRef.APIGroup, resource))
	}
	return rights
}

// The tests before this one, which is the last by its file's name, ran as the deployer. Nothing that they did was beyond
// the Role, and each right of it was needed by some call.
func TestTheDeployerHasTheRightsThatItUses(t *testing.T) {
	used, denied := map[string]bool{}, map[string]bool{}
	entries, err := auditSince.Read()
	require.NoError(t, err)
	for _, entry := range entries {
		if entry.ObjectRef == nil || !slices.Contains([]string{staging, production}, entry.ObjectRef.Namespace) {
			continue // the kinds that the API server has, and what is an administrator's anyway
		}
		for _, right := range rights(entry) {
			switch {
			case entry.Annotations["authorization.k8s.io/decision"] != "allow":
				denied[right] = true
			case strings.Contains(entry.Annotations["authorization.k8s.io/reason"], `Role "deployer"`):
				used[right] = true
			}
		}
	}
	// Where no administrator has made the namespace yet, nobody has rights in it.
	delete(denied, "get namespaces")
	// One test takes rights away, to see what people are told.
	delete(denied, "list services")
	assert.Empty(t, slices.Sorted(maps.Keys(denied)), "rights that the Role lacks")

	given := rightsOfTheDeployer(t)
	unused := slices.DeleteFunc(slices.Clone(given), func(right string) bool { return used[right] })
	t.Logf("%d of the Role's %d rights were used", len(given)-len(unused), len(given))
	if tests := flag.Lookup("test.run").Value.String(); tests != "" && tests != "." {
		t.Logf("only the tests %q ran; whether each right is needed is judged when all of them run", tests)
		return
	}
	assert.Empty(t, unused, "rights that no test needed (those of a test that failed are among them)")
}

// rightsOfTheDeployer are those of production's Role; staging has the same.
func rightsOfTheDeployer(t *testing.T) []string {
	t.Helper()
	var rights []string
	for text := range strings.SplitSeq(kubectl(t, "kustomize", "k8s/environments/production/platform"), "\n---\n") {
		var role rbacv1.Role
		require.NoError(t, yaml.Unmarshal([]byte(text), &role))
		if role.Kind != "Role" || role.Name != "deployer" {
			continue
		}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					for _, verb := range rule.Verbs {
						rights = append(rights, right(verb, group, resource))
					}
				}
			}
		}
	}
	require.NotEmpty(t, rights)
	slices.Sort(rights)
	return rights
}
