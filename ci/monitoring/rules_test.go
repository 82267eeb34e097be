package monitoring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// alerting is a rule of Prometheus.
type alerting struct {
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleFile struct {
	Groups []struct {
		Name  string     `json:"name"`
		Rules []alerting `json:"rules"`
	} `json:"groups"`
}

// read parses a YAML file.
func read(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(data, into), path)
}

// ruleFiles are those that the kustomization gives to Prometheus.
func ruleFiles(t *testing.T) []string {
	t.Helper()
	var kustomization struct {
		ConfigMapGenerator []struct {
			Files []string `json:"files"`
		} `json:"configMapGenerator"`
	}
	read(t, filepath.Join(manifests, "monitoring/rules/kustomization.yaml"), &kustomization)
	require.Len(t, kustomization.ConfigMapGenerator, 1)
	return kustomization.ConfigMapGenerator[0].Files
}

func alerts(t *testing.T) []alerting {
	t.Helper()
	var all []alerting
	for _, name := range ruleFiles(t) {
		var file ruleFile
		read(t, filepath.Join(manifests, "monitoring/rules", name), &file)
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				if rule.Alert != "" {
					all = append(all, rule)
				}
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

func TestEveryRuleFileIsLoaded(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(manifests, "monitoring/rules/*.yaml"))
	require.NoError(t, err)
	names := []string{}
	for _, path := range found {
		if name := filepath.Base(path); name != "kustomization.yaml" {
			names = append(names, name)
		}
	}
	assert.ElementsMatch(t, names, ruleFiles(t))
}

func TestEveryAlertSaysWhatToDo(t *testing.T) {
	const runbooks = "https://github.com/codingbutter/team-dashboard/blob/main/k8s/README.md#"
	for _, alert := range alerts(t) {
		assert.Contains(t, []string{"critical", "warning", "none"}, alert.Labels["severity"], alert.Alert)
		assert.NotEmpty(t, alert.Annotations["summary"], alert.Alert)
		assert.NotEmpty(t, alert.Annotations["description"], alert.Alert)
		assert.Equal(t, runbooks+strings.ToLower(alert.Alert), alert.Annotations["runbook_url"], alert.Alert)
	}
}

// What users notice is told during a deploy, too, and so is what no deploy may cause.
func TestADeployHidesNothingThatUsersNotice(t *testing.T) {
	hidden := map[string]bool{}
	for _, alert := range alerts(t) {
		if alert.Labels["during_deploy"] != "" {
			assert.Equal(t, "expected", alert.Labels["during_deploy"], alert.Alert)
			hidden[alert.Alert] = true
		}
	}
	assert.NotEmpty(t, hidden)
	for _, alert := range []string{"FrontDoorDown", "HighErrorRate", "AvailabilityBudgetBurn", "ErrorBudgetBurn", "DatabaseUnavailable", "BackupTooOld", "Watchdog"} {
		assert.False(t, hidden[alert], alert)
	}
}

// testFile is what `promtool test rules` reads; scripts/test/monitoring.sh runs it.
type testFile struct {
	Tests []struct {
		AlertRuleTest []struct {
			Alertname string `json:"alertname"`
			ExpAlerts []struct {
				ExpLabels map[string]string `json:"exp_labels"`
			} `json:"exp_alerts"`
		} `json:"alert_rule_test"`
	} `json:"tests"`
}

func TestEveryAlertHasACaseThatFiresAndOneThatDoesNot(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(manifests, "monitoring/rules/tests/*.yaml"))
	require.NoError(t, err)
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, path := range files {
		var file testFile
		read(t, path, &file)
		for _, test := range file.Tests {
			for _, step := range test.AlertRuleTest {
				silent[step.Alertname] = silent[step.Alertname] || len(step.ExpAlerts) == 0
				for _, alert := range step.ExpAlerts {
					fires[step.Alertname+" "+alert.ExpLabels["severity"]] = true
				}
			}
		}
	}
	for _, alert := range alerts(t) {
		assert.True(t, fires[alert.Alert+" "+alert.Labels["severity"]], "no case in which %s (%s) fires", alert.Alert, alert.Labels["severity"])
		// The watchdog always fires.
		assert.True(t, silent[alert.Alert] || alert.Alert == watchdog, "no case in which %s does not fire", alert.Alert)
	}
}
