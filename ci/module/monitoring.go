package main

import (
	"context"
	"errors"
	"time"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/monitoring"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// What watches over the environments: Prometheus, its rules, Alertmanager and Grafana.
type Monitoring struct {
	// +private
	Pipeline *TeamDashboard
}

// What watches over the environments: Prometheus, its rules, Alertmanager and Grafana.
//
// Example: dagger call monitoring status
func (m *TeamDashboard) Monitoring() *Monitoring { return &Monitoring{Pipeline: m} }

// Deploy the monitoring of all environments, or bring it up to date.
//
// It belongs to the cluster, so the kubeconfig must be an administrator's. The keys of Slack and
// PagerDuty come first: scripts/deployment/setup-secrets.sh monitoring create. What is there
// already stays as it is.
//
// Example: dagger call monitoring deploy
// +cache="never"
func (m *Monitoring) Deploy(
	ctx context.Context,
	// How long new pods may take to become ready, such as 90s.
	// +default="5m"
	readyTimeout string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	budget, err := duration("ready-timeout", readyTimeout)
	if err != nil {
		return "", err
	}
	if err := report.CheckFormat(format); err != nil {
		return "", err
	}
	installer, err := m.installer(ctx, budget)
	if err != nil {
		return "", err
	}
	deployed, err := installer.Deploy(ctx)
	if err != nil {
		return "", err
	}
	return report.Print(deployed, format)
}

// Show how the monitoring is: its pods, what Prometheus reaches, whether alerts arrive, and which fire.
//
// Exit code 1 when something of the monitoring itself does not work.
//
// Example: dagger call monitoring status
// +cache="never"
func (m *Monitoring) Status(
	ctx context.Context,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	if err := report.CheckFormat(format); err != nil {
		return "", err
	}
	connection, err := m.Pipeline.cluster(ctx)
	if err != nil {
		return "", err
	}
	status, err := monitoring.Look(ctx, connection, config.TeamDashboard())
	if err != nil {
		return "", err
	}
	text, err := report.Print(status, format)
	if err == nil && len(status.Problems) > 0 {
		return "", errors.New(text)
	}
	return text, err
}

func (m *Monitoring) installer(ctx context.Context, budget time.Duration) (monitoring.Installer, error) {
	folder, err := m.Pipeline.manifestsFolder(ctx)
	if err != nil {
		return monitoring.Installer{}, err
	}
	objects, err := render.Kustomization(ctx, folder, monitoring.Folder)
	if err != nil {
		return monitoring.Installer{}, err
	}
	connection, err := m.Pipeline.cluster(ctx)
	wait := workload.Options{Budget: budget, Progress: func(line string) { spans{}.Info(ctx, "%s", line) }}
	return monitoring.Installer{Cluster: connection, Application: config.TeamDashboard(), Objects: objects, Wait: wait}, err
}
