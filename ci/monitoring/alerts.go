package monitoring

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Alert is one that Alertmanager knows of.
type Alert struct {
	Name      string    `json:"name"`
	Severity  string    `json:"severity"`
	Namespace string    `json:"namespace,omitempty"`
	Summary   string    `json:"summary"`
	Since     time.Time `json:"since"`
	// Suppressed says that nobody is told: it is silenced, or another alert or a deploy says enough.
	Suppressed bool `json:"suppressed"`
}

// watchdog is the alert that always fires.
const watchdog = "Watchdog"

// askAlertmanager lists what people are told of. That the watchdog is there shows that alerts arrive.
func (s *Status) askAlertmanager(ctx context.Context, inside service) error {
	var alerts []struct {
		Labels      map[string]string `json:"labels"`
		Annotations map[string]string `json:"annotations"`
		StartsAt    time.Time         `json:"startsAt"`
		Status      struct {
			State string `json:"state"`
		} `json:"status"`
	}
	if err := inside.get(ctx, "alertmanager", alertmanagerPort, "/api/v2/alerts", &alerts); err != nil {
		return err
	}
	alive := false
	for _, alert := range alerts {
		alive = alive || alert.Labels["alertname"] == watchdog
		if alert.Labels["severity"] == "none" {
			continue
		}
		s.Alerts = append(s.Alerts, Alert{
			Name: alert.Labels["alertname"], Severity: alert.Labels["severity"], Namespace: alert.Labels["namespace"],
			Summary: alert.Annotations["summary"], Since: alert.StartsAt, Suppressed: alert.Status.State == "suppressed",
		})
	}
	slices.SortFunc(s.Alerts, func(a, b Alert) int {
		return strings.Compare(a.Severity+a.Name+a.Summary, b.Severity+b.Name+b.Summary)
	})
	if !alive {
		s.problem("alerts do not get from Prometheus to Alertmanager: %s, which always fires, is not there", watchdog)
	}
	return nil
}
