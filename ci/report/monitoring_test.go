package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/monitoring"
)

var parts = []monitoring.Component{
	{Namespace: "team-dashboard-monitoring", Kind: "Deployment", Name: "prometheus", Image: "docker.io/prom/prometheus:v2.53.3", Ready: 1, Desired: 1},
	{Namespace: "team-dashboard-node-exporter", Kind: "DaemonSet", Name: "node-exporter", Image: "docker.io/prom/node-exporter:v1.9.0", Ready: 2, Desired: 3},
}

func TestMonitoringText(t *testing.T) {
	jobs := []monitoring.Job{{Name: "node-exporter", Up: 2}, {Name: "services", Up: 8, Down: 1}}
	for name, result := range map[string]any{
		"monitoring-deployed": monitoring.Deployment{Namespace: "team-dashboard-monitoring", Applied: 42, Pruned: []string{"ConfigMap prometheus-k5m2h"}, Components: parts},
		"monitoring-works":    monitoring.Status{Rules: 46, Components: parts[:1], Jobs: jobs[:1]},
		"monitoring-ill": monitoring.Status{Rules: 46, Components: parts, Jobs: jobs,
			Problems: []string{"node-exporter: 2 of 3 pods are ready", "services cannot be scraped: http://10.0.0.1:3000/metrics: connection refused"},
			Alerts: []monitoring.Alert{
				{Name: "FrontDoorDown", Severity: "critical", Namespace: "team-dashboard-prod", Summary: "https://team-dashboard.app/ does not answer"},
				{Name: "PodCPUHigh", Severity: "warning", Namespace: "team-dashboard-prod", Summary: "dashboard-blue-1 uses 90% of its CPU limit", Suppressed: true},
			}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := write(result, Text, false)
			require.NoError(t, err)
			golden(t, name, text)
		})
	}
}
