package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
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

// fakeCluster has a Deployment and pods for each service, and answers of their
// Services by "service path".
type fakeCluster struct {
	desired map[string]int
	pods    []corev1.Pod
	answers map[string]cluster.Response
	asked   []string
	err     error
}

// wellCluster runs the shop as it should.
func wellCluster() *fakeCluster {
	fake := &fakeCluster{desired: map[string]int{"web": 2, "orders": 1}, answers: map[string]cluster.Response{}}
	for _, name := range []string{"web-1", "web-2"} {
		fake.pods = append(fake.pods, podOf("web", name))
	}
	fake.pods = append(fake.pods, podOf("orders", "orders-1"))
	fake.answers["web-green /health"] = answer(200, "v2", `{"status":"ok","dependencies":{"redis":{"status":"ok","latencyMs":0.4}}}`)
	fake.answers["orders-green /health"] = answer(200, "v2", `{"status":"ok","dependencies":{"postgres":{"status":"ok","latencyMs":1.25},"redis":{"status":"ok","latencyMs":0.3}}}`)
	return fake
}

func podOf(service, name string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: map[string]string{"app": service}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}},
	}
}

// troubled makes a pod that is not ready, with its container in the given state.
func troubled(service, name string, state corev1.ContainerState) corev1.Pod {
	pod := podOf(service, name)
	pod.Status.Conditions[0].Status = corev1.ConditionFalse
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: service, State: state, RestartCount: 3}}
	return pod
}

func answer(status int, release, body string) cluster.Response {
	header := http.Header{}
	header.Set("x-release", release)
	header.Set("x-slot", "green")
	return cluster.Response{Status: status, Header: header, Body: []byte(body), Duration: 10 * time.Millisecond}
}

func inSlot(slot string, response cluster.Response) cluster.Response {
	response.Header.Set("x-slot", slot)
	return response
}

func (f *fakeCluster) List(_ context.Context, _, kind, namespace, selector string) ([]*cluster.Object, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.asked = append(f.asked, fmt.Sprintf("%s %s %s", kind, namespace, selector))
	objects := []*cluster.Object{}
	if kind == "Deployment" {
		for service, replicas := range f.desired {
			objects = append(objects, &cluster.Object{Object: map[string]any{
				"metadata": map[string]any{"name": service, "labels": map[string]any{"app": service}},
				"spec":     map[string]any{"replicas": int64(replicas)},
			}})
		}
		return objects, nil
	}
	for _, pod := range f.pods {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&pod)
		if err != nil {
			return nil, err
		}
		objects = append(objects, &cluster.Object{Object: content})
	}
	return objects, nil
}

func (f *fakeCluster) ServiceGet(_ context.Context, namespace, service string, port int, path string) (cluster.Response, error) {
	f.asked = append(f.asked, fmt.Sprintf("%s %s:%d %s", namespace, service, port, path))
	response, ok := f.answers[service+" "+path]
	if !ok {
		return cluster.Response{}, errors.New("no endpoints available")
	}
	return response, nil
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
