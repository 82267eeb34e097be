package monitoring

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// running is a cluster with a monitoring in which all is well.
func running(t *testing.T) *lab {
	f := newLab(t)
	f.put("apps/v1", "Deployment", "prometheus", map[string]any{
		"spec":   map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"image": "docker.io/prom/prometheus:v2"}}}}},
		"status": map[string]any{"replicas": int64(1), "availableReplicas": int64(1)},
	})
	f.answers = map[string]string{
		"/api/v1/targets": `{"data":{"activeTargets":[{"scrapePool":"services","health":"up"},{"scrapePool":"services","health":"unknown"}]}}`,
		"/api/v1/rules":   `{"data":{"groups":[{"rules":[{"name":"HighErrorRate","health":"ok"}]}]}}`,
		"/api/v2/alerts": `[{"labels":{"alertname":"Watchdog","severity":"none"},"status":{"state":"active"}},
			{"labels":{"alertname":"PodCPUHigh","severity":"warning","namespace":"team-dashboard-prod"},"annotations":{"summary":"busy"},"status":{"state":"suppressed"}}]`,
	}
	return f
}

func TestLook(t *testing.T) {
	status, err := Look(context.Background(), running(t).api(), config.TeamDashboard())
	require.NoError(t, err)
	assert.Empty(t, status.Problems, "a target that was not scraped yet, and an alert, are no problems of the monitoring")
	assert.Equal(t, []Component{{Namespace: "team-dashboard-monitoring", Kind: "Deployment", Name: "prometheus", Image: "docker.io/prom/prometheus:v2", Ready: 1, Desired: 1}}, status.Components)
	assert.Equal(t, []Job{{Name: "services", Up: 1, Down: 1}}, status.Jobs)
	assert.Equal(t, 1, status.Rules)
	require.Len(t, status.Alerts, 1)
	assert.Equal(t, "busy", status.Alerts[0].Summary)
	assert.True(t, status.Alerts[0].Suppressed)
}

func TestLookSaysWhatDoesNotWork(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *lab)
		says   string
	}{
		"pods": {func(t *testing.T, f *lab) {
			f.Idle = true // its controller would have other numbers
			f.put("apps/v1", "DaemonSet", "node-exporter", map[string]any{"status": map[string]any{"desiredNumberScheduled": int64(3), "numberAvailable": int64(1)}})
		}, "node-exporter: 1 of 3 pods are ready"},
		"a target": {func(_ *testing.T, f *lab) {
			f.answers["/api/v1/targets"] = `{"data":{"activeTargets":[{"scrapePool":"cadvisor","health":"down","scrapeUrl":"https://a:10250","lastError":"403 Forbidden"}]}}`
		}, "cadvisor cannot be scraped: https://a:10250: 403 Forbidden"},
		"a rule": {func(_ *testing.T, f *lab) {
			f.answers["/api/v1/rules"] = `{"data":{"groups":[{"rules":[{"name":"HighErrorRate","health":"err","lastError":"many-to-many"}]}]}}`
		}, "rule HighErrorRate fails: many-to-many"},
		"no rules":           {func(_ *testing.T, f *lab) { f.answers["/api/v1/rules"] = `{"data":{}}` }, "no rules"},
		"alerts do not come": {func(_ *testing.T, f *lab) { f.answers["/api/v2/alerts"] = `[]` }, "Watchdog"},
		"Prometheus":         {func(_ *testing.T, f *lab) { delete(f.answers, "/api/v1/rules") }, "Prometheus does not answer"},
		"Alertmanager":       {func(_ *testing.T, f *lab) { f.answers["/api/v2/alerts"] = "gateway" }, "Alertmanager does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			f := running(t)
			test.change(t, f)
			status, err := Look(context.Background(), f.api(), config.TeamDashboard())
			require.NoError(t, err)
			require.Len(t, status.Problems, 1)
			assert.Contains(t, status.Problems[0], test.says)
		})
	}
}

func TestLookWhereThereIsNone(t *testing.T) {
	_, err := Look(context.Background(), newLab(t).api(), config.TeamDashboard())
	assert.ErrorContains(t, err, "monitoring deploy")
}
