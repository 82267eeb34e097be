package monitoring

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/render"
)

var update = flag.Bool("update", false, "write the PrometheusRule of k8s/components/prometheus-operator anew")

const operatorRules = "components/prometheus-operator/rules.yaml"

// byOperator renders the monitoring with the component for the Prometheus operator.
func byOperator(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(manifests)))
	overlay := filepath.Join(folder, "with-operator")
	require.NoError(t, os.Mkdir(overlay, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(overlay, "kustomization.yaml"),
		[]byte("resources: [../monitoring]\ncomponents: [../components/prometheus-operator]\n"), 0o644))
	objects, err := render.Kustomization(context.Background(), folder, "with-operator")
	require.NoError(t, err)
	return objects
}

func find(t *testing.T, objects []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	for _, object := range objects {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	require.Fail(t, "missing", "%s %q", kind, name)
	return nil
}

// The operator wants rules as an object of the cluster; it is made from the plain rules, and holds the very same.
func TestTheOperatorsRulesAreTheSame(t *testing.T) {
	groups := []any{}
	for _, name := range ruleFiles(t) {
		var file struct {
			Groups []any `json:"groups"`
		}
		read(t, filepath.Join(manifests, "monitoring/rules", name), &file)
		groups = append(groups, file.Groups...)
	}
	path := filepath.Join(manifests, operatorRules)
	if *update {
		require.NoError(t, os.WriteFile(path, operatorsRules(t, groups), 0o644))
	}
	var object struct {
		Spec struct {
			Groups []any `json:"groups"`
		} `json:"spec"`
	}
	read(t, path, &object)
	assert.Equal(t, groups, object.Spec.Groups, "run: go test ./ci/monitoring -update")
}

func operatorsRules(t *testing.T, groups []any) []byte {
	t.Helper()
	data, err := yaml.Marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1",
		"kind":       "PrometheusRule",
		"metadata": map[string]any{"name": "team-dashboard", "namespace": "team-dashboard-monitoring", "labels": map[string]string{
			"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/part-of": "team-dashboard", "app.kubernetes.io/managed-by": "pipeline",
		}},
		"spec": map[string]any{"groups": groups},
	})
	require.NoError(t, err)
	return append([]byte("# Made from monitoring/rules by `go test ./ci/monitoring -update`; change those.\n"), data...)
}

func TestTheOperatorTakesPrometheusAndAlertmanagerOver(t *testing.T) {
	objects := byOperator(t)
	kept := map[string]bool{}
	for _, object := range objects {
		kept[object.GetKind()+" "+object.GetName()] = true
	}
	for _, gone := range []string{"Deployment prometheus", "Deployment alertmanager", "PersistentVolumeClaim prometheus", "PersistentVolumeClaim alertmanager"} {
		assert.False(t, kept[gone], gone)
	}
	for _, stays := range []string{"Deployment blackbox-exporter", "Deployment kube-state-metrics", "Deployment grafana", "DaemonSet node-exporter", "Service prometheus", "Service alertmanager"} {
		assert.True(t, kept[stays], stays)
	}
	jobs, _, _ := unstructured.NestedString(find(t, objects, "Prometheus", "prometheus").Object, "spec", "additionalScrapeConfigs", "name")
	find(t, objects, "Secret", jobs)
	configuration, _, _ := unstructured.NestedString(find(t, objects, "Secret", "alertmanager-configuration").Object, "stringData", "alertmanager.yaml")
	assert.Equal(t, text(t, "alertmanager/alertmanager.yml"), configuration)
	for kind, name := range map[string]string{"Prometheus": "prometheus", "Alertmanager": "alertmanager"} {
		plain := find(t, rendered(t), "Deployment", name)
		image, _, _ := unstructured.NestedString(find(t, objects, kind, name).Object, "spec", "image")
		containers, _, _ := unstructured.NestedSlice(plain.Object, "spec", "template", "spec", "containers")
		assert.Equal(t, containers[0].(map[string]any)["image"], image, "%s runs the same image either way", kind)
	}
}

// Every job of prometheus.yml is there under the same name, and the front doors are the same.
func TestTheOperatorsTargetsAreTheSame(t *testing.T) {
	var plain struct {
		ScrapeConfigs []map[string]any `json:"scrape_configs"`
	}
	read(t, filepath.Join(manifests, "monitoring/prometheus/prometheus.yml"), &plain)
	var nodes []map[string]any
	read(t, filepath.Join(manifests, "components/prometheus-operator/nodes.yml"), &nodes)
	byName := map[string]map[string]any{}
	for _, job := range nodes {
		byName[job["job_name"].(string)] = job
	}
	monitors := objectsOf(t, "PodMonitor", "Probe")
	for _, job := range plain.ScrapeConfigs {
		name := job["job_name"].(string)
		if same, found := byName[name]; found {
			assert.Equal(t, job, same)
			continue
		}
		assert.Regexp(t, `"(jobName|replacement)":"`+name+`"`, monitors)
	}
	var doors []struct {
		Targets []string `json:"targets"`
	}
	read(t, filepath.Join(manifests, "monitoring/prometheus/front-doors.yml"), &doors)
	for _, door := range doors {
		static, err := json.Marshal(door.Targets)
		require.NoError(t, err)
		assert.Contains(t, monitors, `"static":`+string(static))
	}
}

func objectsOf(t *testing.T, kinds ...string) string {
	t.Helper()
	all := ""
	for _, object := range byOperator(t) {
		for _, kind := range kinds {
			if object.GetKind() == kind {
				data, err := object.MarshalJSON()
				require.NoError(t, err)
				all += string(data)
			}
		}
	}
	return all
}
