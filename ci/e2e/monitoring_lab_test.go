//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// admin is the kubeconfig of the lab's administrator.
func admin(t testing.TB) string { return "file://" + labFile(t, "state/kubeconfig") }

// deployer is the kubeconfig of who may deploy to the environments, and nothing else.
func deployer(t testing.TB) string { return "file://" + labFile(t, "state/deployer.kubeconfig") }

// withKeys makes the Secret of the receivers' keys through the door that the runbooks know, as the administrator. The keys
// are made up.
func withKeys(t *testing.T, receivers string) {
	t.Helper()
	t.Setenv("TEAM_DASHBOARD_LAB_KUBECONFIG", labFile(t, "state/kubeconfig"))
	file := filepath.Join(t.TempDir(), "monitoring.env")
	write(t, file, "SLACK_WEBHOOK_URL="+receivers+slackPath+"\nPAGERDUTY_ROUTING_KEY="+routingKey+"\n")
	got := run(t, filepath.Join(repository(t), "scripts/deployment/setup-secrets.sh"), "monitoring", "create", "--from", file)
	require.Zero(t, got.code, got.stdout+tail(got.stderr, 20))
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
