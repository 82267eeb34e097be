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
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
)

func TestAllIsWell(t *testing.T) {
	fake := wellCluster()
	smoke := health.Smoke(func(context.Context) (string, error) { return "6 flows passed", nil })
	report := health.Examine(t.Context(), shop(), append(health.Inside(shopApp, shop(), fake), smoke))

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
	assert.Contains(t, fake.asked, "Pod shop-prod app.kubernetes.io/part-of=shop,team-dashboard.app/slot=green,app.kubernetes.io/version=v2")
	assert.Contains(t, fake.asked, "shop-prod orders-green:3001 /health")
	assert.Contains(t, mustJSON(t, report), `"environment":"production","slot":"green","release":"v2"`)
}

func TestWithoutSlotTheServicesHaveNoSuffix(t *testing.T) {
	fake, target := wellCluster(), shop()
	target.Slot, target.Release = "", release.Release{}
	fake.answers["web /health"], fake.answers["orders /health"] = fake.answers["web-green /health"], fake.answers["orders-green /health"]
	require.NoError(t, health.Examine(t.Context(), target, health.Inside(shopApp, target, fake)).Err())
	assert.Contains(t, fake.asked, "Deployment shop-prod app.kubernetes.io/part-of=shop")
}

func TestPods(t *testing.T) {
	waiting := func(reason, message string) corev1.ContainerState {
		return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
	}
	for _, test := range []struct {
		name   string
		change func(*fakeCluster)
		says   []string
	}{
		{"one pod missing", func(f *fakeCluster) { f.pods = f.pods[1:] }, []string{"web: 1 of 2 pods ready"}},
		{"crash loop", func(f *fakeCluster) {
			f.pods[2] = troubled("orders", "orders-1", waiting("CrashLoopBackOff", "back-off 10s restarting"))
		}, []string{"orders: 0 of 1 pods ready", "orders: pod orders-1: CrashLoopBackOff: back-off 10s restarting"}},
		{"creating", func(f *fakeCluster) { f.pods[2] = troubled("orders", "orders-1", waiting("ContainerCreating", "")) }, []string{"pod orders-1: ContainerCreating"}},
		{"ended", func(f *fakeCluster) {
			f.pods[2] = troubled("orders", "orders-1", corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 137, Reason: "OOMKilled"}})
		}, []string{"ended with exit code 137 (OOMKilled)"}},
		{"not scheduled", func(f *fakeCluster) {
			f.pods[2].Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/1 nodes are available: 1 Insufficient memory."}}
		}, []string{"Insufficient memory"}},
		{"on its way out", func(f *fakeCluster) { f.pods[2].DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)} }, []string{"orders: 0 of 1 pods ready"}},
		{"not deployed", func(f *fakeCluster) { delete(f.desired, "orders"); f.pods = f.pods[:2] }, []string{"orders: no pods are asked for"}},
		{"API server away", func(f *fakeCluster) { f.err = errors.New("connection refused") }, []string{"connection refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := wellCluster()
			test.change(fake)
			got := result(t, "pods", health.Inside(shopApp, shop(), fake))
			assert.False(t, got.OK)
			for _, say := range test.says {
				assert.Contains(t, got.Detail, say)
			}
			assert.NotContains(t, got.Detail, "web-2")
		})
	}
}

// An old pod that ends, a new one and a smoke Job's must not confuse the count.
func TestFleetLeavesOutWhatIsNotAService(t *testing.T) {
	fake := wellCluster()
	leaving, job := podOf("web", "web-0"), podOf("smoke", "smoke-1")
	leaving.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	fake.pods = append(fake.pods, leaving, job)
	fleet, err := health.Fleet(t.Context(), fake, shopApp, shop())
	require.NoError(t, err)
	assert.Len(t, fleet, 2)
	assert.Len(t, fleet["web"].Pods, 2)
	assert.Equal(t, 2, fleet["web"].Ready())
}

func TestEndpointsAndDatabases(t *testing.T) {
	const unwell = `{"status":"error","dependencies":{"postgres":{"status":"error","error":"connection refused"},"redis":{"status":"ok"}}}`
	for _, test := range []struct {
		name     string
		response cluster.Response
		missing  bool
		says     string
	}{
		{name: "a data store is away", response: answer(503, "v2", unwell), says: `orders: /health answered 503 by release "v2" in slot green, postgres: connection refused`},
		{name: "the service gives a reason", response: answer(503, "v2", `{"status":"error","error":"broken on purpose"}`), says: "broken on purpose"},
		{name: "another service is to blame", response: answer(503, "v2", `{"status":"error","services":{"billing":{"status":"error","dependencies":{"redis":{"status":"error","error":"no answer within 2000 ms"}}}}}`), says: "billing: redis: no answer within 2000 ms"},
		{name: "an error page", response: answer(502, "", "<html>"), says: "answered 502 by something that names no release"},
		{name: "another release", response: answer(200, "v1", "{}"), says: `answered 200 by release "v1" in slot green instead of release "v2" in slot green`},
		{name: "another slot", response: inSlot("blue", answer(200, "v2", "{}")), says: `answered 200 by release "v2" in slot blue instead of release "v2" in slot green`},
		{name: "no answer", missing: true, says: "orders: /health: no answer: no endpoints available"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fake := wellCluster()
			fake.answers["orders-green /health"] = test.response
			if test.missing {
				delete(fake.answers, "orders-green /health")
			}
			for _, name := range []string{"endpoints", "databases"} {
				got := result(t, name, health.Inside(shopApp, shop(), fake))
				assert.False(t, got.OK, name)
				assert.Contains(t, got.Detail, test.says)
				assert.NotContains(t, got.Detail, "web", "what is well is not reported")
			}
		})
	}
}

func TestDatabasesMustBeTold(t *testing.T) {
	fake := wellCluster()
	for name := range fake.answers {
		fake.answers[name] = answer(200, "v2", `{"status":"ok"}`)
	}
	got := result(t, "databases", health.Inside(shopApp, shop(), fake))
	assert.False(t, got.OK)
	assert.Contains(t, got.Detail, "no service tells the state of a data store")

	none := shop()
	none.Environment.HealthPaths = nil
	got = result(t, "databases", health.Inside(shopApp, none, fake))
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
		t.Run(test.name, func(t *testing.T) {
			fake := wellCluster()
			for name, took := range map[string]time.Duration{"web-green /health": test.web, "orders-green /health": test.orders} {
				response := fake.answers[name]
				response.Duration = took
				fake.answers[name] = response
			}
			got := result(t, "response time", health.Inside(shopApp, shop(), fake))
			assert.Equal(t, test.ok, got.OK)
			assert.Equal(t, test.says, got.Detail)
		})
	}
	fake := wellCluster()
	fake.answers["web-green /health"] = answer(503, "", "<html>")
	got := result(t, "response time", health.Inside(shopApp, shop(), fake))
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
