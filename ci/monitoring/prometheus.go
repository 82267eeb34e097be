package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// The ports of the Services `prometheus` and `alertmanager`.
const (
	prometheusPort   = 9090
	alertmanagerPort = 9093
)

// Job is a group of targets.
type Job struct {
	Name string `json:"name"`
	Up   int    `json:"up"`
	Down int    `json:"down"`
}

// service asks the Services of a namespace.
type service struct {
	api       *cluster.Cluster
	namespace string
}

// get reads a JSON document of a Service.
func (s service) get(ctx context.Context, name string, port int, path string, into any) error {
	answer, err := s.api.ServiceGet(ctx, s.namespace, name, port, path)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("asking Service %q for %s: status %d", name, path, answer.Status)
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("asking Service %q for %s: %w", name, path, err)
	}
	return nil
}

// askPrometheus counts targets and rules, and names those that do not work.
func (s *Status) askPrometheus(ctx context.Context, inside service) error {
	var targets struct {
		Data struct {
			ActiveTargets []target `json:"activeTargets"`
		} `json:"data"`
	}
	if err := inside.get(ctx, "prometheus", prometheusPort, "/api/v1/targets?state=active", &targets); err != nil {
		return err
	}
	for _, target := range targets.Data.ActiveTargets {
		s.count(target)
	}
	slices.SortFunc(s.Jobs, func(a, b Job) int { return strings.Compare(a.Name, b.Name) })
	var rules struct {
		Data struct {
			Groups []struct {
				Rules []rule `json:"rules"`
			} `json:"groups"`
		} `json:"data"`
	}
	if err := inside.get(ctx, "prometheus", prometheusPort, "/api/v1/rules", &rules); err != nil {
		return err
	}
	for _, group := range rules.Data.Groups {
		s.Rules += len(group.Rules)
		for _, rule := range group.Rules {
			if rule.Health == "err" {
				s.problem("rule %s fails: %s", rule.Name, rule.LastError)
			}
		}
	}
	if s.Rules == 0 {
		s.problem("Prometheus has no rules")
	}
	return nil
}

// target is how Prometheus tells of one; a new one's health is unknown until it was scraped for the first time.
type target struct {
	ScrapePool string `json:"scrapePool"`
	ScrapeURL  string `json:"scrapeUrl"`
	Health     string `json:"health"`
	LastError  string `json:"lastError"`
}

type rule struct {
	Name      string `json:"name"`
	Health    string `json:"health"`
	LastError string `json:"lastError"`
}

func (s *Status) count(target target) {
	at := slices.IndexFunc(s.Jobs, func(job Job) bool { return job.Name == target.ScrapePool })
	if at < 0 {
		s.Jobs, at = append(s.Jobs, Job{Name: target.ScrapePool}), len(s.Jobs)
	}
	if target.Health == "up" {
		s.Jobs[at].Up++
		return
	}
	s.Jobs[at].Down++
	if target.Health == "down" {
		s.problem("%s cannot be scraped: %s: %s", target.ScrapePool, target.ScrapeURL, target.LastError)
	}
}
