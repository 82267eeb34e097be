//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wrong is an input that must be refused with one clear error, and what that error must say.
type wrong struct {
	args []string
	says []string
}

func (w wrong) check(t *testing.T) {
	t.Helper()
	text := refused(t, w.args...)
	for _, want := range w.says {
		assert.Contains(t, text, want)
	}
}

func TestBadInputIsRefusedBeforeAnythingIsTouched(t *testing.T) {
	file, good := v1.release(t)
	before := state(t, production) + state(t, staging)
	folder := t.TempDir()
	releaseFile := func(name string, change func(images map[string]string)) string {
		changed := good
		changed.Images = map[string]string{}
		for image, reference := range good.Images {
			changed.Images[image] = reference
		}
		change(changed.Images)
		path := filepath.Join(folder, name)
		write(t, path, string(changed.JSON()))
		return path
	}
	malformed := filepath.Join(folder, "malformed.json")
	write(t, malformed, "{\"version\": \"v1\",")
	repository := strings.Split(good.Images["dashboard"], "@")[0]

	for name, w := range map[string]wrong{
		"unknown environment": {
			[]string{"status", "--env", "prodction"},
			[]string{`"prodction"`, "staging, production", `did you mean "production"`}},
		"malformed release file": {
			[]string{"deploy", "--env", "production", "--release-file", malformed},
			[]string{"parsing release file", "cut off"}},
		"release that nobody published": {
			[]string{"deploy", "--env", "production", "--release", "20200101T000000-abcdef0"},
			[]string{"20200101T000000-abcdef0", "publish"}},
		"release named by a tag that moves": {
			[]string{"deploy", "--env", "production", "--release", "staging"},
			[]string{`version "staging"`, "a tag that every deploy moves", "history"}},
		"image that does not exist": {
			[]string{"deploy", "--env", "production", "--release-file", releaseFile("absent.json", func(images map[string]string) {
				images["dashboard"] = repository + "@sha256:" + strings.Repeat("0", 64)
			})},
			[]string{"dashboard@sha256:000", "not found"}},
		"image that lacks a platform": {
			[]string{"deploy", "--env", "production", "--release-file", releaseFile("amd64.json", func(images map[string]string) {
				images["dashboard"] = amd64Only(t, repository)
			})},
			[]string{"platform missing", "linux/arm64"}},
		"image of another registry": {
			[]string{"deploy", "--env", "production", "--release-file", releaseFile("foreign.json", func(images map[string]string) {
				images["dashboard"] = "docker.io/library/redis@sha256:" + strings.Repeat("0", 64)
			})},
			[]string{"docker.io/library/redis", "only"}},
		"rollback to an unknown revision": {
			[]string{"rollback", "--env", "production", "--to", "999"},
			[]string{"999", "revision"}},
		"negative watch": {
			[]string{"deploy", "--env", "production", "--release-file", file, "--watch", "soon"},
			[]string{`"soon"`, "5m"}},
		"format of no kind": {
			[]string{"status", "--env", "staging", "--format", "xml"},
			[]string{`"xml"`, "text", "json"}},
		"resolve that is no pair": {
			[]string{"--resolve", "team-dashboard.app", "health-check", "--env", "production"},
			[]string{`"team-dashboard.app"`, "host=address"}},
	} {
		t.Run(name, w.check)
	}
	assert.Equal(t, before, state(t, production)+state(t, staging), "a refused command wrote something")
}

func TestAClusterThatCannotBeReachedIsSaidSo(t *testing.T) {
	folder := t.TempDir()
	real, err := os.ReadFile(labFile(t, "state/kubeconfig"))
	require.NoError(t, err)
	kubeconfig := func(name, text string) string {
		path := filepath.Join(folder, name)
		write(t, path, text)
		return "file://" + path
	}
	// A port on which nobody listens, and one behind which somebody does who is no API server.
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	address := closed.Addr().String()

	for name, w := range map[string]wrong{
		"empty kubeconfig": {
			[]string{"--kubeconfig", kubeconfig("empty", "\n"), "status", "--env", "staging"},
			[]string{"kubeconfig", "empty"}},
		"malformed kubeconfig": {
			[]string{"--kubeconfig", kubeconfig("malformed", "clusters: {"), "status", "--env", "staging"},
			[]string{"kubeconfig"}},
		"unknown context": {
			[]string{"--context", "elsewhere", "status", "--env", "staging"},
			[]string{`"elsewhere"`}},
		"nobody answers": {
			[]string{"--kubeconfig", kubeconfig("unreachable", strings.Replace(string(real), "10.99.0.1:6443", "10.99.0.1:6499", 1)), "status", "--env", "staging"},
			[]string{"10.99.0.1:6499"}},
		"a loopback address without a tunnel": {
			[]string{"--kubeconfig", kubeconfig("loopback", strings.Replace(string(real), "10.99.0.1:6443", address, 1)), "status", "--env", "staging"},
			[]string{"--api-server"}},
		"credentials that are not known": {
			[]string{"--kubeconfig", kubeconfig("refused", strangerKubeconfig(t)), "status", "--env", "staging"},
			[]string{"credentials"}},
	} {
		t.Run(name, w.check)
	}
}

// strangerKubeconfig names the lab's cluster with a token that it does not know.
func strangerKubeconfig(t *testing.T) string {
	authority := kubectl(t, "config", "view", "--raw", "-o", "jsonpath={.clusters[0].cluster.certificate-authority-data}")
	return fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: lab,
clusters: [{name: lab, cluster: {server: "https://10.99.0.1:6443", certificate-authority-data: %s}}],
users: [{name: stranger, user: {token: not-a-token}}],
contexts: [{name: lab, context: {cluster: lab, user: stranger}}]}`, authority)
}

func TestASourceThatCannotBeDeployedIsSaidSo(t *testing.T) {
	without := func(files ...string) string {
		folder := v1.source(t)
		for _, file := range files {
			require.NoError(t, os.RemoveAll(filepath.Join(folder, file)))
		}
		return folder
	}
	failing := v1.source(t)
	write(t, filepath.Join(failing, "packages/service-kit/src/unformatted.ts"), "export const  answer  =  41 ;\n")
	unbuildable := v1.source(t)
	write(t, filepath.Join(unbuildable, "apps/agent-manager/src/main.ts"), "const = 42;\n")
	manifests := filepath.Join(t.TempDir(), "k8s")
	require.NoError(t, os.CopyFS(manifests, os.DirFS(filepath.Join(repository(t), "k8s"))))
	require.NoError(t, os.Remove(filepath.Join(manifests, "dockerfiles/Dockerfile.mcp-manager")))

	for name, w := range map[string]wrong{
		"no workspace": {
			[]string{"--source", t.TempDir(), "validate"},
			[]string{"no package.json", "pnpm workspace"}},
		"no lockfile": {
			[]string{"--source", without("pnpm-lock.yaml"), "build"},
			[]string{"no pnpm-lock.yaml"}},
		"no Dockerfile": {
			[]string{"--source", v1.source(t), "--manifests", manifests, "publish", "contents"},
			[]string{"no k8s/dockerfiles/Dockerfile.mcp-manager"}},
		"validate fails": {
			[]string{"--source", failing, "validate"},
			[]string{"pnpm validate failed", "unformatted.ts"}},
		"build fails": {
			[]string{"--source", unbuildable, "build", "--platforms", "linux/amd64"},
			[]string{"building agent-manager for linux/amd64: ", "in the progress above", "k8s/dockerfiles/Dockerfile.agent-manager"}},
		"no credentials for the registry": {
			[]string{"--source", v1.source(t), "--registry-username", "", "--registry-password", "file:///dev/null", "publish", "contents"},
			[]string{"credentials"}},
		"refused credentials for the registry": {
			[]string{"--source", v1.source(t), "--registry-password", "file://" + wrongPassword(t), "publish", "contents"},
			[]string{"ghcr.io", "refuses the credentials"}},
		"version that cannot be a tag": {
			[]string{"--source", v1.source(t), "publish", "--version", "my version", "contents"},
			[]string{`"my version"`}},
	} {
		t.Run(name, w.check)
	}
}

func wrongPassword(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "password")
	write(t, path, "not-the-password")
	return path
}

// An environment that no administrator has made, one of ours without history and secrets, and one that is not ours at all.
func TestAnEnvironmentThatIsNotReadyIsLeftAlone(t *testing.T) {
	vacate(t, staging)
	file, _ := v1.release(t)
	deploy := []string{"deploy", "--env", "staging", "--release-file", file}

	t.Run("no namespace, and no right to make one", func(t *testing.T) {
		administrator := []string{staging, "kubectl apply -k k8s/environments/staging/platform -l app.kubernetes.io/component=access"}
		wrong{deploy, administrator}.check(t)
		wrong{[]string{"secrets", "create", "--env", "staging", "--from", "file://" + secretsPath(t)}, administrator}.check(t)
		assert.Empty(t, kubectl(t, "get", "namespace", staging, "--ignore-not-found", "-o", "name"))
	})
	grant(t, "staging")
	before := state(t, staging)
	t.Run("nothing to go back to", func(t *testing.T) {
		wrong{[]string{"rollback", "--env", "staging"}, []string{"staging", "no revision to go back to"}}.check(t)
	})
	t.Run("no secrets and no room for the limits of the pods", func(t *testing.T) {
		limits := filepath.Join(t.TempDir(), "limits.yaml")
		write(t, limits, "{apiVersion: v1, kind: LimitRange, metadata: {name: small}, spec: {limits: [{type: Container, max: {memory: 16Mi}}]}}")
		kubectl(t, "-n", staging, "create", "-f", limits)
		defer kubectl(t, "-n", staging, "delete", "limitrange", "small")
		wrong{deploy, []string{"database-secrets", "setup-secrets.sh staging create",
			`Deployment "dashboard" in namespace "` + staging + `" would get no pod: `, `StatefulSet "postgres"`, "maximum memory usage per Container is 16Mi"}}.check(t)
	})
	t.Run("a right less than a deploy needs", func(t *testing.T) {
		kubectl(t, "-n", staging, "patch", "role", "deployer", "--type=json", "--patch", `[{"op": "remove", "path": "/rules/2"}]`)
		wrong{deploy, []string{"list Service", "patch Service", "an administrator", "-l app.kubernetes.io/component=access"}}.check(t)
		grant(t, "staging")
	})
	t.Run("a namespace that belongs to something else", func(t *testing.T) {
		kubectl(t, "label", "namespace", staging, "--overwrite", "app.kubernetes.io/part-of=something-else")
		wrong{deploy, []string{staging, "owned by something else"}}.check(t)
	})
	assert.Equal(t, before, state(t, staging), "a refused command wrote something")
	vacate(t, staging)
}

// What is printed for machines is JSON and nothing else.
func TestJSONIsForMachines(t *testing.T) {
	for _, args := range [][]string{
		{"status", "--env", "production"},
		{"history", "--env", "production"},
		{"health-check", "--env", "production"},
	} {
		out := mustCall(t, append(args, "--format", "json")...)
		assert.True(t, json.Valid([]byte(out)), out)
	}
}
