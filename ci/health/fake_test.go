package health_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// shopApp is a small application: a front end and an API behind it.
var shopApp = config.Application{Name: "shop", Services: []config.Service{
	{Name: "web", Port: 3000, Path: "/", HealthPath: "/api/health"},
	{Name: "orders", Port: 3001, Path: "/api/orders", HealthPath: "/api/orders/health"},
}}

// shop is its production.
func shop() release.Target {
	return release.Target{
		Environment: config.Environment{
			Name: "production", Namespace: "shop-prod", URL: "https://shop.example",
			HealthPaths: []string{"/api/health/db"},
			Thresholds:  config.Thresholds{ResponseTime: 2 * time.Second},
		},
		Slot:    "green",
		Release: release.Release{Version: "v2"},
	}
}

// namespace is the shop's in an API server, with the answers of its Services by "service:port path".
type namespace struct {
	http.RoundTripper
	*clustertest.Server
	api     *cluster.Cluster
	answers map[string]answer
}

// wellShop runs the shop as it should: in slot green of release v2, beside a slot and a release that are not.
func wellShop() *namespace {
	server := clustertest.NewServer()
	server.Hanging = func(labels map[string]string) bool {
		return labels["team-dashboard.app/slot"] == "blue" || labels["app.kubernetes.io/version"] == "v1"
	}
	n := &namespace{RoundTripper: server.NewClient(), Server: server, answers: map[string]answer{}}
	n.api = cluster.New(&url.URL{Scheme: "https", Host: "api.example"}, n)
	n.deploy("web", "green", "v2", 2)
	n.deploy("orders", "green", "v2", 1)
	n.deploy("web", "blue", "v2", 3)
	n.deploy("smoke", "green", "v2", 1)
	n.deploy("orders", "green", "v1", 1)
	n.answers["web-green:3000 /health"] = answered(200, "v2", `{"status":"ok","dependencies":{"redis":{"status":"ok","latencyMs":0.4}}}`)
	n.answers["orders-green:3001 /health"] = answered(200, "v2", `{"status":"ok","dependencies":{"postgres":{"status":"ok","latencyMs":1.25},"redis":{"status":"ok","latencyMs":0.3}}}`)
	return n
}

// deploy makes a Deployment, whose pods the server makes.
func (n *namespace) deploy(service, slot, version string, replicas int64) {
	labels := map[string]any{"app": service, "app.kubernetes.io/part-of": "shop", "team-dashboard.app/slot": slot, "app.kubernetes.io/version": version}
	n.Put(&cluster.Object{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": service + "-" + slot + "-" + version, "namespace": "shop-prod", "labels": labels},
		"spec": map[string]any{"replicas": replicas, "template": map[string]any{
			"metadata": map[string]any{"labels": labels}, "spec": map[string]any{"containers": []any{map[string]any{"name": service, "image": service}}}}},
	}})
}

// pods are those of a service in what is examined.
func (n *namespace) pods(service string) []*cluster.Object {
	return n.List("v1", "Pod", "shop-prod", map[string]string{"app": service, "team-dashboard.app/slot": "green", "app.kubernetes.io/version": "v2"})
}

// trouble lets the pod of orders be so.
func (n *namespace) trouble(status map[string]any) {
	pod := n.pods("orders")[0]
	pod.Object["status"] = status
	n.Put(pod)
}

// waits and ends are the state of a container that does.
func waits(reason, message string) map[string]any {
	return container(map[string]any{"waiting": map[string]any{"reason": reason, "message": message}})
}

func container(state map[string]any) map[string]any {
	return map[string]any{"containerStatuses": []any{map[string]any{"name": "orders", "state": state}}}
}

// answer is what a Service answers, and how long it takes.
type answer struct {
	status        int
	release, slot string
	body          string
	takes         time.Duration
}

func answered(status int, release, body string) answer {
	return answer{status: status, release: release, slot: "green", body: body}
}

// RoundTrip answers for the Services; all else is the API server's.
func (n *namespace) RoundTrip(request *http.Request) (*http.Response, error) {
	at, path, proxied := strings.Cut(request.URL.Path, "/proxy")
	if !proxied {
		return n.RoundTripper.RoundTrip(request)
	}
	found, ok := n.answers[strings.TrimPrefix(at, "/api/v1/namespaces/shop-prod/services/http:")+" "+path]
	if !ok {
		found = answer{status: 503, body: `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no endpoints available","code":503}`}
	}
	time.Sleep(found.takes)
	return &http.Response{StatusCode: found.status, Header: http.Header{"X-Release": {found.release}, "X-Slot": {found.slot}},
		Body: io.NopCloser(strings.NewReader(found.body))}, nil
}

// result examines and returns the named check's result.
func result(t *testing.T, name string, checks []health.Check) health.CheckResult {
	t.Helper()
	report := health.Examine(t.Context(), shop(), checks)
	for _, check := range report.Checks {
		if check.Name == name {
			return check
		}
	}
	require.Fail(t, "no such check", name)
	return health.CheckResult{}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	require.NoError(t, err)
	return string(data)
}
