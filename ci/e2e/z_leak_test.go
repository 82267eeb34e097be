//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoSecretIsToldAnywhere comes last, as its file does: it looks through all that the run has printed, recorded,
// rendered and left in the cluster for the values of every secret that there was.
func TestNoSecretIsToldAnywhere(t *testing.T) {
	confideOfTheLab(t)
	gather(t, staging, production, watching)
	file, _ := v1.release(t)
	told("the release file", string(read(t, file)))
	for _, env := range []string{"staging", "production"} {
		folder := filepath.Join(t.TempDir(), env)
		mustCall(t, "render", "--env", env, "--release-file", file, "export", "--path", folder)
		require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				told("rendered: "+env+path[len(folder):], string(read(t, path)))
			}
			return err
		}))
	}
	places, size := searchAll(t)
	t.Logf("looked for %d values in %d places with %d MB", len(confidential.names), places, size>>20)
	assert.Greater(t, len(confidential.names), 20, "hardly anything was looked for")
}

// confideOfTheLab names the secrets that are in files of the lab.
func confideOfTheLab(t *testing.T) {
	for name, file := range map[string]string{
		"the registry's password": "state/registry/password",
		"the access key of S3":    "state/s3/access-key",
		"the secret key of S3":    "state/s3/secret-key",
	} {
		confide(name, strings.TrimSpace(string(read(t, labFile(t, file)))))
	}
	for name, file := range map[string]string{"the administrator's client key": "state/kubeconfig", "the deployer's client key": "state/deployer.kubeconfig"} {
		_, data, found := strings.Cut(string(read(t, labFile(t, file))), "client-key-data: ")
		require.True(t, found, file)
		key, err := base64.StdEncoding.DecodeString(strings.Fields(data)[0])
		require.NoError(t, err, file)
		block, _ := pem.Decode(key)
		require.NotNil(t, block, file)
		// One of the lines that the file consists of, since the others may be indented.
		confide(name, strings.Split(string(key), "\n")[2])
	}
}

// gather keeps all that the cluster holds of namespaces: every object, the records of history in plain, and the logs of
// all pods. Of Secrets it keeps what is around the values, and has them looked for.
func gather(t testing.TB, namespaces ...string) {
	t.Helper()
	for _, namespace := range namespaces {
		if kubectl(t, "get", "namespace", namespace, "--ignore-not-found", "-o", "name") == "" {
			continue
		}
		told("objects of "+namespace, kubectl(t, "-n", namespace, "get", kinds(t), "-o", "json"))
		logs := run(t, "kubectl", "-n", namespace, "logs", "-l", "app.kubernetes.io/part-of=team-dashboard", "--all-containers", "--prefix", "--tail=-1", "--max-log-requests=200")
		told("logs of "+namespace, logs.stdout)
		gatherSecrets(t, namespace)
	}
}

func gatherSecrets(t testing.TB, namespace string) {
	t.Helper()
	secretsOf(t, namespace)
	var list struct{ Items []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(kubectl(t, "-n", namespace, "get", "secrets", "-o", "json")), &list))
	for _, secret := range list.Items {
		name := fmt.Sprint(secret["metadata"].(map[string]any)["name"])
		data, _ := secret["data"].(map[string]any)
		if strings.HasPrefix(name, "record-") {
			told("record "+name+" of "+namespace, unpacked(t, fmt.Sprint(data["record"])))
		}
		delete(secret, "data")
		around, err := json.Marshal(secret)
		require.NoError(t, err)
		told("what is around Secret "+name+" of "+namespace, string(around))
	}
}

func unpacked(t testing.TB, encoded string) string {
	t.Helper()
	packed, err := base64.StdEncoding.DecodeString(encoded)
	require.NoError(t, err)
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(t, err)
	text, err := io.ReadAll(reader)
	require.NoError(t, err)
	return string(text)
}

// kinds are all kinds of objects in a namespace but Secrets, and but the measurements, which may not be there yet.
func kinds(t testing.TB) string {
	all := strings.Fields(kubectl(t, "api-resources", "--namespaced", "--verbs=list", "-o", "name"))
	return strings.Join(slices.DeleteFunc(all, func(kind string) bool {
		return kind == "secrets" || kind == "events.events.k8s.io" || strings.HasSuffix(kind, ".metrics.k8s.io")
	}), ",")
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return data
}
