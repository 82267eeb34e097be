//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// receivers stand in for Slack and PagerDuty, on the node's own address, and keep what they are sent.
type receivers struct {
	*httptest.Server
	mu       sync.Mutex
	messages map[string][]string // by path
}

const (
	slackPath     = "/services/T01/B02/x8Kq2mVw5nRt7yUi9oPa3sDf"
	pagerDutyPath = "/v2/enqueue"
	routingKey    = "x8Kq2mVw5nRt7yUi9oPa3sDf5nRt7yUi"
)

func listen(t *testing.T) *receivers {
	t.Helper()
	r := &receivers{messages: map[string][]string{}}
	r.Server = httptest.NewUnstartedServer(r)
	listener, err := net.Listen("tcp", "10.99.0.1:0")
	require.NoError(t, err)
	require.NoError(t, r.Listener.Close())
	r.Listener = listener
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receivers) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.messages[request.URL.Path] = append(r.messages[request.URL.Path], string(body))
	r.mu.Unlock()
	if request.URL.Path == pagerDutyPath {
		w.WriteHeader(http.StatusAccepted)
	}
	_, _ = io.WriteString(w, "{}")
}

// got is all that came to a path.
func (r *receivers) got(path string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.messages[path], "\n")
}

// deployHeld takes the pipeline's lock of production for the length of a test, as a deploy does.
func deployHeld(t *testing.T) {
	t.Helper()
	lease := func(holder, renewed string) {
		kubectl(t, "-n", production, "patch", "lease", "pipeline", "--type=merge", "-p",
			fmt.Sprintf(`{"spec": {"holderIdentity": %s, "renewTime": %q}}`, holder, renewed))
	}
	// Some minutes ahead, so that it need not be renewed.
	lease(`"the monitoring's test"`, time.Now().Add(5*time.Minute).UTC().Format("2006-01-02T15:04:05.000000Z"))
	t.Cleanup(func() { lease("null", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")) })
}

// alertsArrive sends Alertmanager, beside what Prometheus sends it, alerts of both environments while a deploy to
// production runs, and looks at what Slack and PagerDuty are told.
func alertsArrive(t *testing.T, alertmanager string, people *receivers) {
	soon(t, "what Prometheus sends Alertmanager", func() string {
		if alerts := known(t, alertmanager); alerts["Watchdog "] && alerts["DeployRunning "+production] {
			return ""
		}
		return "Watchdog and DeployRunning are not both there"
	})
	fire(t, alertmanager, "HighResponseTime", "warning", production, "during_deploy", "expected")
	fire(t, alertmanager, "HighResponseTime", "warning", staging, "during_deploy", "expected")
	fire(t, alertmanager, "HighErrorRate", "critical", production)
	fire(t, alertmanager, "HighErrorRate", "warning", production)
	fire(t, alertmanager, "HighErrorRate", "critical", staging)
	slack := []string{"HighResponseTime in " + staging, "HighErrorRate in " + production, "HighErrorRate in " + staging}
	soon(t, "messages", func() string {
		for _, title := range slack {
			if !strings.Contains(people.got(slackPath), `"title":"`+title+`"`) {
				return "Slack was not told of " + title
			}
		}
		if !strings.Contains(people.got(pagerDutyPath), "HighErrorRate: a test in "+production) {
			return "PagerDuty was not called"
		}
		return ""
	})
	assert.Contains(t, people.got(pagerDutyPath), `"routing_key":"`+routingKey+`"`)
	assert.NotContains(t, people.got(pagerDutyPath), "a test in "+staging, "nobody gets up for staging")
	assert.NotContains(t, people.got(slackPath), "HighResponseTime in "+production, "a deploy keeps to itself what it may cause")
	assert.NotContains(t, people.got(slackPath), "warning of a test in "+production, "who was told that it is critical knows")
	assert.NotContains(t, people.got(slackPath)+people.got(pagerDutyPath), "Watchdog")
}

// fire tells Alertmanager of an alert, with more labels in pairs.
func fire(t *testing.T, alertmanager, name, severity, namespace string, more ...string) {
	t.Helper()
	labels := map[string]string{"alertname": name, "severity": severity, "namespace": namespace}
	for i := 0; i < len(more); i += 2 {
		labels[more[i]] = more[i+1]
	}
	body, err := json.Marshal([]any{map[string]any{"labels": labels,
		"annotations": map[string]string{"summary": "a test in " + namespace, "description": severity + " of a test in " + namespace}}})
	require.NoError(t, err)
	response, err := http.Post(alertmanager+"/api/v2/alerts", "application/json", strings.NewReader(string(body)))
	require.NoError(t, err)
	response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// known is what Alertmanager was told of, by name and namespace.
func known(t *testing.T, alertmanager string) map[string]bool {
	t.Helper()
	var alerts []struct{ Labels map[string]string }
	fetch(t, alertmanager+"/api/v2/alerts", &alerts)
	names := map[string]bool{}
	for _, alert := range alerts {
		names[alert.Labels["alertname"]+" "+alert.Labels["namespace"]] = true
	}
	return names
}
