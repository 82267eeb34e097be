package health_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
)

func TestAllIsWell(t *testing.T) {
	synctest.Test(t, testAllIsWell)
}

func testAllIsWell(t *testing.T) {
	n := wellShop()
	for name, answer := range n.answers {
		answer.takes = 10 * time.Millisecond
		n.answers[name] = answer
	}
	smoke := health.Smoke(func(context.Context) (string, error) { return "6 flows passed", nil })
	report := health.Examine(t.Context(), shop(), append(health.Inside(shopApp, shop(), n.api), smoke))

	require.NoError(t, report.Err())
	assert.True(t, report.OK())
	details := map[string]string{}
	names := []string{}
	for _, check := range report.Checks {
		names = append(names, check.Name)
		details[check.Name] = check.Detail
	}
	assert.Equal(t, []string{"pods", "endpoints", "databases", "response time", "smoke tests"}, names)
	assert.Equal(t, map[string]string{
		"pods":          "3 of 3 pods ready",
		"endpoints":     "2 services answer 200",
		"databases":     "postgres answers in 1.2 ms, redis answers in 0.4 ms",
		"response time": "95th percentile of 10 requests is 10ms, below 2s",
		"smoke tests":   "6 flows passed",
	}, details)
	assert.Contains(t, mustJSON(t, report), `"environment":"production","slot":"green","release":"v2"`)
}

func TestWithoutSlotTheServicesHaveNoSuffix(t *testing.T) {
	n, target := wellShop(), shop()
	target.Slot, target.Release = "", release.Release{}
	n.answers["web:3000 /health"], n.answers["orders:3001 /health"] = n.answers["web-green:3000 /health"], n.answers["orders-green:3001 /health"]
	n.deploy("web", "blue", "v2", 0)
	n.deploy("orders", "green", "v1", 0)
	n.deploy("web", "green", "v2", 0)
	report := health.Examine(t.Context(), target, health.Inside(shopApp, target, n.api))
	assert.ErrorContains(t, report.Err(), "pods: web: no pods are asked for", "any release counts, in any slot")
	assert.True(t, report.Checks[1].OK, report.Checks[1].Detail)
}

func TestPods(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*namespace)
		says   []string
	}{
		{"one pod missing", func(n *namespace) {
			n.Idle = true // nobody makes another one
			n.Remove(cluster.RefOf(n.pods("web")[1]))
		}, []string{"web: 1 of 2 pods ready"}},
		{"crash loop", func(n *namespace) { n.trouble(waits("CreateContainerConfigError", "secret not found")) },
			[]string{"orders: 0 of 1 pods ready", "orders: pod orders-green-v2-", ": CreateContainerConfigError: secret not found"}},
		{"creating", func(n *namespace) { n.trouble(waits("ContainerCreating", "")) }, []string{": ContainerCreating"}},
		{"ended", func(n *namespace) {
			n.trouble(container(map[string]any{"terminated": map[string]any{"exitCode": int64(137), "reason": "OOMKilled"}}))
		}, []string{"it used more memory than its limit (OOMKilled)"}},
		{"not scheduled", func(n *namespace) {
			n.trouble(map[string]any{"conditions": []any{map[string]any{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "1 Insufficient memory."}}})
		}, []string{"Unschedulable: 1 Insufficient memory."}},
		{"on its way out", func(n *namespace) {
			pod := n.pods("orders")[0]
			pod.SetDeletionTimestamp(&metav1.Time{Time: time.Unix(1, 0)})
			n.Put(pod)
		}, []string{"orders: 0 of 1 pods ready"}},
		{"not deployed", func(n *namespace) { n.deploy("orders", "green", "v2", 0) }, []string{"orders: no pods are asked for"}},
		{"no right to look", func(n *namespace) { n.Forbid("Pod") }, []string{`cannot list resource "pods"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := wellShop()
			test.change(n)
			got := result(t, "pods", health.Inside(shopApp, shop(), n.api))
			assert.False(t, got.OK)
			for _, say := range test.says {
				assert.Contains(t, got.Detail, say)
			}
			assert.NotContains(t, got.Detail, "pod web")
		})
	}
}

func TestEndpointsAndDatabases(t *testing.T) {
	const unwell = `{"status":"error","dependencies":{"postgres":{"status":"error","error":"connection refused"},"redis":{"status":"ok"}}}`
	for _, test := range []struct {
		name     string
		response answer
		missing  bool
		says     string
	}{
		{name: "a data store is away", response: answered(503, "v2", unwell), says: `orders: /health answered 503 by release "v2" in slot green, postgres: connection refused`},
		{name: "the service gives a reason", response: answered(503, "v2", `{"status":"error","error":"broken on purpose"}`), says: "broken on purpose"},
		{name: "another service is to blame", response: answered(503, "v2", `{"status":"error","services":{"billing":{"status":"error","dependencies":{"redis":{"status":"error","error":"no answer within 2000 ms"}}}}}`), says: "billing: redis: no answer within 2000 ms"},
		{name: "an error page", response: answered(502, "", "<html>"), says: "answered 502 by something that names no release"},
		{name: "another release", response: answered(200, "v1", "{}"), says: `answered 200 by release "v1" in slot green instead of release "v2" in slot green`},
		{name: "another slot", response: answer{status: 200, release: "v2", slot: "blue", body: "{}"}, says: `answered 200 by release "v2" in slot blue instead of release "v2" in slot green`},
		{name: "no answer", missing: true, says: "orders: /health: no answer: asking Service \"orders-green\" in namespace \"shop-prod\" port 3001 for /health: nothing answers there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := wellShop()
			n.answers["orders-green:3001 /health"] = test.response
			if test.missing {
				delete(n.answers, "orders-green:3001 /health")
			}
			for _, name := range []string{"endpoints", "databases"} {
				got := result(t, name, health.Inside(shopApp, shop(), n.api))
				assert.False(t, got.OK, name)
				assert.Contains(t, got.Detail, test.says)
				assert.NotContains(t, got.Detail, "web", "what is well is not reported")
			}
		})
	}
}

func TestDatabasesMustBeTold(t *testing.T) {
	n := wellShop()
	for name := range n.answers {
		n.answers[name] = answered(200, "v2", `{"status":"ok"}`)
	}
	got := result(t, "databases", health.Inside(shopApp, shop(), n.api))
	assert.False(t, got.OK)
	assert.Contains(t, got.Detail, "no service tells the state of a data store")

	none := shop()
	none.Environment.HealthPaths = nil
	got = result(t, "databases", health.Inside(shopApp, none, n.api))
	assert.True(t, got.OK)
	assert.Equal(t, "no data stores", got.Detail)
}

func TestResponseTime(t *testing.T) {
	for _, test := range []struct {
		name        string
		web, orders time.Duration
		ok          bool
		says        string
	}{
		{"fast", 10 * time.Millisecond, 20 * time.Millisecond, true, "95th percentile of 10 requests is 20ms, below 2s"},
		{"one service slow", 10 * time.Millisecond, 2500 * time.Millisecond, false, "95th percentile of 10 requests is 2.5s, must be below 2s"},
		{"at the limit", 2 * time.Second, 2 * time.Second, false, "95th percentile of 10 requests is 2s, must be below 2s"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := wellShop()
			for name, took := range map[string]time.Duration{"web-green:3000 /health": test.web, "orders-green:3001 /health": test.orders} {
				response := n.answers[name]
				response.takes = took
				n.answers[name] = response
			}
			got := result(t, "response time", health.Inside(shopApp, shop(), n.api))
			assert.Equal(t, test.ok, got.OK)
			assert.Equal(t, test.says, got.Detail)
		})
	}
	n := wellShop()
	n.answers["web-green:3000 /health"] = answered(503, "", "<html>")
	got := result(t, "response time", health.Inside(shopApp, shop(), n.api))
	assert.False(t, got.OK, "an error page that comes fast is no fast answer")
	assert.Equal(t, "5 of 10 requests got no good answer", got.Detail)
}

func TestExamineGoesOnAfterAFailure(t *testing.T) {
	checks := []health.Check{
		{Name: "first", Run: func(context.Context) (string, error) {
			time.Sleep(time.Second)
			return "", errors.Join(errors.New("this"), errors.New("that"))
		}},
		health.Smoke(func(context.Context) (string, error) { return "", errors.New("FAIL login") }),
		{Name: "third", Run: func(context.Context) (string, error) { return "well", nil }},
	}
	synctest.Test(t, func(t *testing.T) {
		report := health.Examine(t.Context(), shop(), checks)
		assert.False(t, report.OK())
		require.Len(t, report.Checks, 3)
		assert.Equal(t, health.CheckResult{Name: "first", Detail: "this\nthat", Duration: time.Second}, report.Checks[0])
		assert.Equal(t, health.CheckResult{Name: "third", OK: true, Detail: "well"}, report.Checks[2])
		assert.EqualError(t, report.Err(), "checking the health of production/green: first: this; that; smoke tests: FAIL login")
		assert.False(t, strings.Contains(report.Err().Error(), "\n"), "one line")
	})
}
