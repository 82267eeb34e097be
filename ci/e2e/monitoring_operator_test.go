//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operator is the release of the Prometheus operator that its component is written for.
const operator = "github.com/prometheus-operator/prometheus-operator@v0.85.0"

// operatorAccepts lets the API server check the component for the Prometheus operator by that one's own schemas. Nothing
// is stored but the schemas, for as long as it takes.
func operatorAccepts(t *testing.T) {
	schemas := filepath.Join(downloaded(t, operator), "example/prometheus-operator-crd")
	kubectl(t, "apply", "--server-side", "-f", schemas)
	t.Cleanup(func() { kubectl(t, "delete", "--wait=false", "-f", schemas) })
	kubectl(t, "wait", "--for=condition=Established", "--timeout=30s", "-f", schemas)

	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join(repository(t), "k8s"))))
	overlay := filepath.Join(folder, "with-operator")
	require.NoError(t, os.Mkdir(overlay, 0o755))
	write(t, filepath.Join(overlay, "kustomization.yaml"), "resources: [../monitoring]\ncomponents: [../components/prometheus-operator]\n")
	objects := filepath.Join(folder, "objects.yaml")
	write(t, objects, kubectl(t, "kustomize", overlay))
	accepted := kubectl(t, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", objects)
	for _, object := range []string{
		"prometheus.monitoring.coreos.com/prometheus", "alertmanager.monitoring.coreos.com/alertmanager",
		"prometheusrule.monitoring.coreos.com/team-dashboard", "podmonitor.monitoring.coreos.com/services", "probe.monitoring.coreos.com/production",
	} {
		assert.Contains(t, accepted, object)
	}
}

// downloaded is the folder of a Go module's sources.
func downloaded(t *testing.T, module string) string {
	t.Helper()
	got := run(t, "go", "mod", "download", "-json", module)
	require.Zero(t, got.code, got.stdout+got.stderr)
	var source struct{ Dir string }
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &source))
	return source.Dir
}
