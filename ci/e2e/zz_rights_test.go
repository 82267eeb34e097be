//go:build e2e

package e2e

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// auditSince is the audit log, open where it ended when the run began.
var auditSince *os.File

// audited is a line of the audit log: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
type audited struct {
	Verb      string
	ObjectRef *struct{ APIGroup, Resource, Subresource, Namespace string }
	// ResponseStatus is what the API server answered.
	ResponseStatus struct{ Code int }
	Annotations    map[string]string
}

// right names a right as messages show it: patch apps/deployments/scale.
func right(verb, group, resource string) string {
	return verb + " " + strings.TrimPrefix(group+"/"+resource, "/")
}

// rights are those that a request made use of. To apply what is not there yet takes the right to create it too.
func (a audited) rights() []string {
	resource := strings.TrimSuffix(a.ObjectRef.Resource+"/"+a.ObjectRef.Subresource, "/")
	rights := []string{right(a.Verb, a.ObjectRef.APIGroup, resource)}
	if a.Verb == "patch" && a.ResponseStatus.Code == 201 {
		rights = append(rights, right("create", a.ObjectRef.APIGroup, resource))
	}
	return rights
}

// The tests before this one, which is the last by its file's name, ran as the deployer. Nothing that they did was beyond
// the Role, and each right of it was needed by some call.
func TestTheDeployerHasTheRightsThatItUses(t *testing.T) {
	used, denied := map[string]bool{}, map[string]bool{}
	for _, entry := range auditLog(t, auditSince, auditSince.Name()) {
		if entry.ObjectRef == nil || !slices.Contains([]string{staging, production}, entry.ObjectRef.Namespace) {
			continue // the kinds that the API server has, and what is an administrator's anyway
		}
		for _, right := range entry.rights() {
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

// auditLog reads on where since stands. When the log has grown too long meanwhile, the API server has renamed that file
// and begun another one at path.
func auditLog(t *testing.T, since *os.File, path string) []audited {
	t.Helper()
	entries := entriesOf(t, since)
	was, err := since.Stat()
	require.NoError(t, err)
	is, err := os.Stat(path)
	require.NoError(t, err)
	if os.SameFile(was, is) {
		return entries
	}
	next, err := os.Open(path)
	require.NoError(t, err)
	defer next.Close()
	return append(entries, entriesOf(t, next)...)
}

func entriesOf(t *testing.T, log *os.File) []audited {
	t.Helper()
	var entries []audited
	for decoder := json.NewDecoder(log); decoder.More(); {
		var entry audited
		require.NoError(t, decoder.Decode(&entry))
		entries = append(entries, entry)
	}
	return entries
}

// The log is begun anew in one of some runs: without this test, nobody would see for days that its first part is missed.
func TestTheAuditLogIsReadOnWhereItIsBegunAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	write := func(verbs ...string) {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		for _, verb := range verbs {
			fmt.Fprintf(file, "{\"verb\":%q}\n", verb)
		}
		require.NoError(t, file.Close())
	}
	write("before")
	since, err := openAtEnd(path)
	require.NoError(t, err)
	defer since.Close()
	write("get")
	require.NoError(t, os.Rename(path, path+".1"))
	write("patch", "list")
	var verbs []string
	for _, entry := range auditLog(t, since, path) {
		verbs = append(verbs, entry.Verb)
	}
	assert.Equal(t, []string{"get", "patch", "list"}, verbs)
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
