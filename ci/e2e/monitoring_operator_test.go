//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// operatorAccepts lets the API server check the component for the Prometheus operator by that one's own schemas, which
// the lab has. Nothing is stored.
func operatorAccepts(t *testing.T) {
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
