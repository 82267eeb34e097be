//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNothingThatKeepsStateIsDeletedOrRestarted tries to make deploys to staging do it.
func TestNothingThatKeepsStateIsDeletedOrRestarted(t *testing.T) {
	file, _ := v2.release(t)
	stray := strays(t)
	before := uids(t, staging)
	running := storePods(t, staging)

	part(t, "a change that no StatefulSet allows is refused before anything is written", func(t *testing.T) {
		changed := manifestsWith(t, "data/redis/statefulset.yaml", "storage: 2Gi", "storage: 3Gi")
		was := state(t, staging)
		wrong{[]string{"--manifests", changed, "deploy", "--env", "staging", "--release-file", file},
			[]string{`StatefulSet "redis"`, "undo the change in the manifests", "nothing was changed"}}.check(t)
		assert.Equal(t, was, state(t, staging))
	})

	part(t, "what is in the manifests no more stays, and is named", func(t *testing.T) {
		without := manifestsWith(t, "data/kustomization.yaml", "  - redis\n", "")
		got := deployQuickly(t, file, "--manifests", without)
		warned := strings.Join(got.Warnings, "\n")
		for _, name := range append(stray, "redis") {
			assert.Contains(t, warned, `"`+name+`" in namespace "team-dashboard-staging" is not in the manifests any more`)
		}
	})

	part(t, "a policy that is changed is in force beside the old one until the release was found good", func(t *testing.T) {
		changed := manifestsWith(t, "platform/network-policies/postgres.yaml", "values: [service, rotation]", "values: [service, rotation, smoke]")
		assert.Len(t, deployQuickly(t, file, "--manifests", changed).Warnings, len(stray), "nothing but the strays is worth a word")
		assert.Contains(t, kubectl(t, "-n", staging, "get", "networkpolicy", "postgres", "-o", "yaml"), "- smoke")
		assert.Empty(t, kubectl(t, "-n", staging, "get", "networkpolicy", "-l", "team-dashboard.app/temporary", "-o", "name"))
	})

	part(t, "a tag that moves elsewhere restarts no store", func(t *testing.T) {
		moveTag(t, "docker.io/library/redis:8-trixie")
		assert.True(t, deployQuickly(t, file).Changed, "the manifests are others than before")
	})

	assert.Equal(t, before, uids(t, staging))
	assert.Equal(t, running, storePods(t, staging))
}

// The official image, which the data layer used before it had its own, made its databases in this locale.
func TestDatabasesOfTheOfficialImageCanBeRead(t *testing.T) {
	sqlIn(t, staging, "postgres-0", "CREATE COLLATION old (provider = libc, locale = 'en_US.utf8'); DROP COLLATION old")
}

// deployQuickly deploys to staging without watching what comes of it.
func deployQuickly(t *testing.T, file string, flags ...string) deployed {
	t.Helper()
	out := mustCall(t, append(flags, "deploy", "--env", "staging", "--release-file", file, "--watch", "0s", "--format", "json")...)
	var result deployed
	require.NoError(t, json.Unmarshal([]byte(out), &result), out)
	return result
}

// strays puts into staging what looks as if a release that no record names had left it. It returns the names of what a
// deploy has to name; a Secret is never in the manifests.
func strays(t *testing.T) []string {
	t.Helper()
	const labels = `{"app.kubernetes.io/part-of": "team-dashboard", "app.kubernetes.io/managed-by": "pipeline", "app.kubernetes.io/version": "v0"}`
	path := filepath.Join(t.TempDir(), "strays.yaml")
	write(t, path, strings.ReplaceAll(`
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: stray-store, labels: LABELS}
spec:
  serviceName: stray-store
  replicas: 0
  selector: {matchLabels: {app: stray-store}}
  template:
    metadata: {labels: {app: stray-store}}
    spec: {containers: [{name: store, image: "stray.invalid/store:1"}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: stray-volume, labels: LABELS}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: stray-secret, labels: LABELS}
`, "LABELS", labels))
	kubectl(t, "-n", staging, "apply", "--server-side", "-f", path)
	t.Cleanup(func() { kubectl(t, "-n", staging, "delete", "-f", path) })
	return []string{"stray-store", "stray-volume"}
}

// manifestsWith copies the manifests and changes one of them.
func manifestsWith(t *testing.T, file, old, new string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "k8s")
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join(repository(t), "k8s"))))
	path := filepath.Join(folder, file)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	write(t, path, strings.Replace(string(text), old, new, 1))
	return folder
}

// moveTag lets a tag of the lab's registry stand for another image until the test ends.
func moveTag(t *testing.T, reference string) {
	t.Helper()
	tag := atLab(t, reference).(name.Tag)
	upstream, err := remote.Get(tag, registryOptions(t)...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, remote.Tag(tag, upstream, registryOptions(t)...)) })
	image, err := random.Image(256, 1)
	require.NoError(t, err)
	require.NoError(t, remote.Write(tag, image, registryOptions(t)...))
}

// uids are those of what no command may make anew: StatefulSets, volumes, and Secrets but for the records.
func uids(t testing.TB, namespaces ...string) string {
	t.Helper()
	var all []string
	for _, namespace := range namespaces {
		all = append(all, namespace, kubectl(t, "-n", namespace, "get", "statefulsets,persistentvolumeclaims,secrets", "-l", "app.kubernetes.io/component!=record,app!=postgres-drill",
			"-o", `jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.uid}{"\n"}{end}`))
	}
	return strings.Join(all, "\n")
}

// storePods are the pods of the stores: the same uids, restarts and images as before say that nobody restarted one.
func storePods(t testing.TB, namespaces ...string) string {
	t.Helper()
	var all []string
	for _, namespace := range namespaces {
		all = append(all, namespace, kubectl(t, "-n", namespace, "get", "pods", "-l", "app in (postgres, redis)",
			"-o", `jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.status.containerStatuses[*].restartCount} {.status.containerStatuses[*].imageID}{"\n"}{end}`))
	}
	return strings.Join(all, "\n")
}
