//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	staging    = "team-dashboard-staging"
	production = "team-dashboard-prod"
)

var services = []string{"dashboard", "agent-manager", "mcp-manager", "openai-service"}

// The values are made up. Those that the lab's databases need are real to them.
const secretsFile = `# made up for the end-to-end tests
POSTGRES_URL=postgres://team:vW3kQ8mZp1xT@postgres:5432/team_dashboard
NEXTAUTH_URL=https://team-dashboard.app
GITHUB_CLIENT_ID=Iv1.5d9e2c4f6a8b0d1e
GITHUB_CLIENT_SECRET=9c1f0c3b5a7d9e2c4f6a8b0d1e3f5a7c
GITHUB_TOKEN=ghp_x8Kq2mVw5nRt7yUi9oPa3sDf
OPENAI_API_KEY=sk-x8Kq2mVw5nRt7yUi9oPa3sDf
OPENAI_ORG_ID=org-x8Kq2mVw5nRt7yUi
`

// vacate removes environments with all that is in them, volumes and backups included.
func vacate(t testing.TB, namespaces ...string) {
	t.Helper()
	remove(t, namespaces...)
	if slices.Contains(namespaces, production) {
		emptyBucket(t)
	}
}

// remove deletes namespaces with all that is in them. The pods go first and at once, and their controllers before, without
// them: else each has its own grace period, and the namespace waits for half of the longest before it looks again.
func remove(t testing.TB, namespaces ...string) {
	t.Helper()
	gather(t, namespaces...)
	for _, namespace := range namespaces {
		kubectl(t, "-n", namespace, "delete", "deployments,replicasets,statefulsets,cronjobs,jobs", "--all", "--cascade=orphan")
		kubectl(t, "-n", namespace, "delete", "pods", "--all", "--grace-period=1")
	}
	kubectl(t, append([]string{"delete", "namespace", "--ignore-not-found", "--wait=true", "--timeout=180s"}, namespaces...)...)
}

// emptyBucket removes the backups of a run before. They belong to a database that is gone for good, in whose place none
// would start: PostgreSQL refuses an empty volume where there are backups to bring back.
func emptyBucket(t testing.TB) {
	t.Helper()
	bucket := labFile(t, "state/s3/data/team-dashboard-backups")
	entries, err := os.ReadDir(bucket)
	require.NoError(t, err)
	for _, entry := range entries {
		require.NoError(t, os.RemoveAll(filepath.Join(bucket, entry.Name())))
	}
}

// fresh empties environments, and makes of them what an administrator does once: the namespace and the rights in it.
func fresh(t testing.TB, envs ...string) {
	t.Helper()
	vacate(t, namespacesOf(envs)...)
	for _, env := range envs {
		grant(t, env)
	}
}

// grant is what a refused deployer asks an administrator for.
func grant(t testing.TB, env string) {
	t.Helper()
	kubectl(t, "apply", "-k", "k8s/environments/"+env+"/platform", "-l", "app.kubernetes.io/component=access")
}

func namespacesOf(envs []string) []string {
	var namespaces []string
	for _, env := range envs {
		namespaces = append(namespaces, map[string]string{"staging": staging, "production": production}[env])
	}
	return namespaces
}

// withSecrets gives an environment its secrets through the door that the runbooks know.
func withSecrets(t testing.TB, env string) {
	t.Helper()
	got := run(t, filepath.Join(repository(t), "scripts/deployment/setup-secrets.sh"), env, "create", "--from", secretsPath(t), "--generate")
	require.Zero(t, got.code, got.stdout+tail(got.stderr, 40))
	if env == "production" {
		trustLab(t, production)
	}
}

// trustLab lets the pods of the database trust the authority of the lab's object store.
func trustLab(t testing.TB, namespace string) {
	t.Helper()
	kubectl(t, "-n", namespace, "delete", "configmap", "backup-ca", "--ignore-not-found")
	kubectl(t, "-n", namespace, "create", "configmap", "backup-ca", "--from-file=ca.crt="+labFile(t, "state/pki/ca.crt"))
}

// liveSlot is what the selectors of the four stable Services say; they must agree.
func liveSlot(t testing.TB) string {
	t.Helper()
	live := ""
	for _, service := range services {
		slot := kubectl(t, "-n", production, "get", "service", service, "-o", `jsonpath={.spec.selector.team-dashboard\.app/slot}`)
		require.NotEmpty(t, slot, "%s selects no slot", service)
		if live == "" {
			live = slot
		}
		require.Equal(t, live, slot, "%s and %s select different slots", services[0], service)
	}
	return live
}

// pod is what the tests look at in a running pod.
type pod struct {
	Metadata struct {
		Name   string            `json:"name"`
		Labels map[string]string `json:"labels"`
		// Deleted is set while the pod ends.
		Deleted string `json:"deletionTimestamp"`
	} `json:"metadata"`
	Status struct {
		ContainerStatuses []struct {
			Name    string `json:"name"`
			ImageID string `json:"imageID"`
			Ready   bool   `json:"ready"`
		} `json:"containerStatuses"`
	} `json:"status"`
}

// podsOf lists the running pods that a selector finds, without those that are ending.
func podsOf(t testing.TB, namespace, selector string) []pod {
	t.Helper()
	var list struct {
		Items []pod `json:"items"`
	}
	text := kubectl(t, "-n", namespace, "get", "pods", "-l", selector, "--field-selector=status.phase=Running", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	return slices.DeleteFunc(list.Items, func(p pod) bool { return p.Metadata.Deleted != "" })
}

// requireDigests checks that every running pod of the selector runs the image that the release names: by the digest that
// the node reports, or, where the node had the image by another index before, by what is in both.
func requireDigests(t testing.TB, namespace, selector string, images map[string]string) {
	t.Helper()
	for _, service := range services {
		pods := podsOf(t, namespace, selector+",app="+service)
		require.NotEmpty(t, pods, "%s has no pods in %s", service, namespace)
		_, digest, _ := strings.Cut(images[service], "@")
		for _, p := range pods {
			for _, container := range p.Status.ContainerStatuses {
				if !strings.HasSuffix(container.ImageID, digest) {
					require.Equal(t, imageFor(t, images[service], "amd64"), imageFor(t, container.ImageID, "amd64"),
						"%s runs %s, the release says %s", p.Metadata.Name, container.ImageID, digest)
				}
			}
		}
	}
}

// state is everything that a refused or no-op command must leave as it is: a digest of each object. Left out is what
// others change in the meantime: status, and the replicas that the autoscalers move.
func state(t testing.TB, namespace string) string {
	t.Helper()
	kinds := "deployments,statefulsets,services,ingresses,configmaps,secrets,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies,serviceaccounts,persistentvolumeclaims"
	var list unstructured.UnstructuredList
	require.NoError(t, list.UnmarshalJSON([]byte(kubectl(t, "-n", namespace, "get", kinds, "-o", "json"))))
	var lines []string
	for _, object := range list.Items {
		for _, moving := range [][]string{
			{"status"}, {"spec", "replicas"},
			{"metadata", "resourceVersion"}, {"metadata", "generation"}, {"metadata", "managedFields"},
		} {
			unstructured.RemoveNestedField(object.Object, moving...)
		}
		data, err := object.MarshalJSON()
		require.NoError(t, err)
		lines = append(lines, fmt.Sprintf("%s/%s %x", object.GetKind(), object.GetName(), sha256.Sum256(data)))
	}
	return strings.Join(lines, "\n")
}

// secretsPath writes the env file from which the environments' secrets are made.
func secretsPath(t testing.TB) string {
	t.Helper()
	file := filepath.Join(folderOfTheRun, "secrets.env")
	write(t, file, secretsFile+
		"S3_ACCESS_KEY="+labSecret(t, "TEAM_DASHBOARD_LAB_S3_ACCESS_KEY_FILE", "made-up-access-key")+"\n"+
		"S3_SECRET_KEY="+labSecret(t, "TEAM_DASHBOARD_LAB_S3_SECRET_KEY_FILE", "made-up-key-of-no-storage")+"\n")
	return file
}

// labSecret reads the file that a variable of the lab names. A lab without that part leaves the made-up value.
func labSecret(t testing.TB, variable, madeUp string) string {
	t.Helper()
	file := os.Getenv(variable)
	if file == "" {
		return madeUp
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}
