//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	watching = "team-dashboard-monitoring"
	onNodes  = "team-dashboard-node-exporter"
)

// TestMonitoring lets the monitoring watch what the journey left: all of it runs, finds its targets and has its rules,
// every panel and annotation of the dashboards shows something, and alerts get as far as they should.
func TestMonitoring(t *testing.T) {
	vacate(t, watching, onNodes)
	people := listen(t)
	manifests := labMonitoring(t, people.URL)
	t.Cleanup(func() {
		gather(t, watching, onNodes)
		kubectl(t, "delete", "namespace", "--wait=false", watching, onNodes)
	})

	part(t, "what cannot be done is refused, and nothing is written", func(t *testing.T) {
		wrong{[]string{"--kubeconfig", deployer(t), "monitoring", "deploy"}, []string{"may not do: create Namespace", "ClusterRole", "administrator"}}.check(t)
		wrong{[]string{"--kubeconfig", admin(t), "monitoring", "deploy"}, []string{"alertmanager-secrets slack-webhook-url is missing", "setup-secrets.sh monitoring create"}}.check(t)
		wrong{[]string{"--kubeconfig", admin(t), "monitoring", "status"}, []string{"there is none", "monitoring deploy"}}.check(t)
		wrong{[]string{"monitoring", "deploy", "--ready-timeout", "soon"}, []string{`"soon"`, "90s"}}.check(t)
		assert.Empty(t, kubectl(t, "get", "namespace", watching, onNodes, "--ignore-not-found", "-o", "name"))
	})

	part(t, "deploy", func(t *testing.T) {
		withKeys(t, people.URL)
		before := state(t, production)
		out := mustCall(t, "--kubeconfig", admin(t), "--manifests", manifests, "monitoring", "deploy", "--ready-timeout", "90s", "--format", "json")
		var deployed struct {
			Components []struct {
				Name           string
				Ready, Desired int
			} `json:"components"`
		}
		require.NoError(t, json.Unmarshal([]byte(out), &deployed), out)
		assert.Len(t, deployed.Components, 5)
		for _, component := range deployed.Components {
			assert.Equal(t, component.Desired, component.Ready, component.Name)
		}
		assert.Equal(t, before, state(t, production), "the monitoring wrote into an environment")
	})

	part(t, "again changes nothing", func(t *testing.T) {
		before := state(t, watching)
		mustCall(t, "--kubeconfig", admin(t), "--manifests", manifests, "monitoring", "deploy")
		assert.Equal(t, before, state(t, watching))
	})

	prometheus := forwarded(t, "prometheus", 9090)
	alertmanager := forwarded(t, "alertmanager", 9093)
	usedByPeople(t)
	deployHeld(t)

	part(t, "every target is up", func(t *testing.T) { targetsUp(t, prometheus) })
	part(t, "every rule is healthy", func(t *testing.T) { rulesHealthy(t, prometheus) })
	part(t, "every metric of a rule is measured", func(t *testing.T) { metricsKnown(t, prometheus) })
	part(t, "every panel shows something", func(t *testing.T) { panelsShow(t, prometheus) })
	part(t, "alerts arrive, and a deploy keeps its own to itself", func(t *testing.T) { alertsArrive(t, alertmanager, people) })
	part(t, "the operator would take it over", operatorAccepts)
	part(t, "status", func(t *testing.T) {
		got := mustCall(t, "--kubeconfig", admin(t), "monitoring", "status")
		assert.Contains(t, got, "The monitoring works")
		assert.Regexp(t, `front-door +3/3`, got)
		got = mustCall(t, "--kubeconfig", admin(t), "monitoring", "status", "--format", "json")
		assert.True(t, json.Valid([]byte(got)), got)
	})
}

func targetsUp(t *testing.T, prometheus string) {
	jobs := []string{"services", "kubelet", "cadvisor", "kube-state-metrics", "node-exporter", "front-door", "monitoring"}
	soon(t, "targets", func() string {
		var targets struct {
			ActiveTargets []struct{ ScrapePool, ScrapeURL, Health, LastError string }
		}
		ask(t, prometheus, "/api/v1/targets?state=active", &targets)
		seen, left := map[string]int{}, ""
		for _, target := range targets.ActiveTargets {
			seen[target.ScrapePool]++
			if target.Health != "up" {
				left += fmt.Sprintf("\n%s %s: %s %s", target.ScrapePool, target.ScrapeURL, target.Health, target.LastError)
			}
		}
		for _, job := range jobs {
			if seen[job] == 0 {
				left += "\nno target of job " + job
			}
		}
		return left
	})
}

// ruled is a rule as Prometheus tells of it.
type ruled struct{ Name, Query, Health, LastError string }

func rulesOf(t *testing.T, prometheus string) []ruled {
	t.Helper()
	var rules struct {
		Groups []struct{ Rules []ruled }
	}
	ask(t, prometheus, "/api/v1/rules", &rules)
	var all []ruled
	for _, group := range rules.Groups {
		all = append(all, group.Rules...)
	}
	require.Greater(t, len(all), 40)
	return all
}

func rulesHealthy(t *testing.T, prometheus string) {
	soon(t, "rules", func() string {
		left := ""
		for _, rule := range rulesOf(t, prometheus) {
			if rule.Health != "ok" {
				left += fmt.Sprintf("\n%s: %s %s", rule.Name, rule.Health, rule.LastError)
			}
		}
		return left
	})
}

// names finds those in a query; measured are the ones of what the exporters measure, and not of what rules record.
var (
	names    = regexp.MustCompile(`[a-zA-Z_:0-9]+`)
	measured = regexp.MustCompile(`^(alertmanager|container|http|kube|kubelet|node|probe|prometheus)_[a-zA-Z_]+$`)
)

// rareMetrics are there only at times.
var rareMetrics = map[string]string{
	"kube_pod_container_status_waiting_reason": "while a container waits",
	"kube_cronjob_status_last_successful_time": "after the first backup",
}

// metricsKnown holds against Prometheus what the rules look at: one with a misspelt name would be healthy, and silent.
func metricsKnown(t *testing.T, prometheus string) {
	soon(t, "metrics that a rule looks at and nobody measures", func() string {
		var known []string
		ask(t, prometheus, "/api/v1/label/__name__/values", &known)
		left := ""
		for _, rule := range rulesOf(t, prometheus) {
			for _, name := range names.FindAllString(rule.Query, -1) {
				if measured.MatchString(name) && rareMetrics[name] == "" && !slices.Contains(known, name) {
					left += fmt.Sprintf("\n%s: %s", rule.Name, name)
				}
			}
		}
		return left
	})
}
