//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

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
	t.Cleanup(func() { kubectl(t, "delete", "namespace", "--wait=false", watching, onNodes) })

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
	part(t, "status", func(t *testing.T) {
		got := mustCall(t, "--kubeconfig", admin(t), "monitoring", "status")
		assert.Contains(t, got, "The monitoring works")
		assert.Regexp(t, `front-door +3/3`, got)
	})
}

// admin is the kubeconfig of the lab's administrator.
func admin(t testing.TB) string { return "file://" + labFile(t, "state/kubeconfig") }

// deployer is the kubeconfig of who may deploy to the environments, and nothing else.
func deployer(t testing.TB) string { return "file://" + labFile(t, "state/deployer.kubeconfig") }

// withKeys makes the Secret of the receivers' keys. They are made up.
func withKeys(t *testing.T, receivers string) {
	kubectl(t, "create", "namespace", watching)
	kubectl(t, "label", "namespace", watching, "app.kubernetes.io/part-of=team-dashboard")
	kubectl(t, "-n", watching, "create", "secret", "generic", "alertmanager-secrets",
		"--from-literal=slack-webhook-url="+receivers+slackPath, "--from-literal=pagerduty-routing-key="+routingKey)
}

var intervals = regexp.MustCompile(`(?m)^( *(scrape_|evaluation_|group_)?(interval|timeout|wait)): \d+[sm]$`)

// labMonitoring is the folder of the manifests with the monitoring as the lab can run it: with an overlay for what the
// lab lacks, other receivers, and short intervals, since nobody waits for a test.
func labMonitoring(t *testing.T, receivers string) string {
	manifests := filepath.Join(t.TempDir(), "k8s")
	own := filepath.Join(repository(t), "k8s/monitoring")
	all := filepath.Join(manifests, "monitoring/all")
	require.NoError(t, os.CopyFS(all, os.DirFS(own)))
	require.NoError(t, os.CopyFS(filepath.Join(manifests, "monitoring"), os.DirFS(filepath.Join(repository(t), "ci/e2e/testdata/monitoring"))))
	authority, err := os.ReadFile(labFile(t, "state/pki/ca.crt"))
	require.NoError(t, err)
	write(t, filepath.Join(manifests, "monitoring/ca.crt"), string(authority))
	for _, file := range []string{"prometheus/prometheus.yml", "rules/objectives.yaml", "alertmanager/alertmanager.yml"} {
		data, err := os.ReadFile(filepath.Join(all, file))
		require.NoError(t, err)
		require.True(t, intervals.Match(data), "%s names no interval", file)
		write(t, filepath.Join(all, file), string(intervals.ReplaceAll(data, []byte("$1: 3s"))))
	}
	told := filepath.Join(all, "alertmanager/alertmanager.yml")
	data, err := os.ReadFile(told)
	require.NoError(t, err)
	write(t, told, fmt.Sprintf("global: {pagerduty_url: %q, http_config: {tls_config: {insecure_skip_verify: true}}}\n%s", receivers+pagerDutyPath, data))
	return manifests
}

// usedByPeople asks the front door for what people do, so that there is something to see.
func usedByPeople(t *testing.T) {
	client := doorClient(t, false)
	url := "https://team-dashboard.app"
	ask := func(method, path, body string) {
		request, _ := http.NewRequest(method, url+path, strings.NewReader(body))
		if body != "" {
			request.Header.Set("content-type", "application/json")
		}
		response, err := client.Do(request)
		if assert.NoError(t, err) {
			response.Body.Close()
			assert.Less(t, response.StatusCode, 300, "%s %s", method, path)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-stopped })
	go func() {
		defer close(stopped)
		for {
			ask("GET", "/", "")
			ask("GET", "/api/agents", "")
			ask("GET", "/api/mcp/servers", "")
			ask("POST", "/api/openai/completions", `{"prompt": "Who watches the watchers?"}`)
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
}

// soon looks until there is nothing left to wait for, at most for a minute.
func soon(t *testing.T, what string, look func() (left string)) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for left := look(); left != ""; left = look() {
		require.True(t, time.Now().Before(deadline), "%s: %s", what, left)
		time.Sleep(500 * time.Millisecond)
	}
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
	"kube_cronjob_created":                     "where backups are made",
	"kube_cronjob_spec_suspend":                "where backups are made",
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

// ask reads what Prometheus has to say.
func ask(t *testing.T, prometheus, path string, into any) {
	t.Helper()
	var answer struct {
		Error string          `json:"error"`
		Data  json.RawMessage `json:"data"`
	}
	fetch(t, prometheus+path, &answer)
	require.Empty(t, answer.Error, path)
	require.NoError(t, json.Unmarshal(answer.Data, into), path)
}

func fetch(t *testing.T, url string, into any) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	require.NoError(t, json.NewDecoder(response.Body).Decode(into), url)
}
