package watch

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// fakeCluster has one Deployment and the pods that a test gives it.
type fakeCluster struct {
	err     error
	desired int
	pods    map[string]*fakePod
}

type fakePod struct {
	uid      string
	ready    bool
	restarts int
	leaving  bool
	status   int
	metrics  []byte
}

func (f *fakeCluster) List(_ context.Context, _, kind, namespace, selector string) ([]*cluster.Object, error) {
	if f.err != nil {
		return nil, f.err
	}
	if namespace != "shop-prod" || selector != "app.kubernetes.io/part-of=shop,team-dashboard.app/slot=green,app.kubernetes.io/version=v2" {
		return nil, errors.New("asked for other objects: " + namespace + " " + selector)
	}
	if kind == "Deployment" {
		return []*cluster.Object{object("web-green", map[string]any{"spec": map[string]any{"replicas": int64(f.desired)}})}, nil
	}
	objects := []*cluster.Object{}
	for name, pod := range f.pods {
		ready := "False"
		if pod.ready {
			ready = "True"
		}
		made := object(name, map[string]any{"status": map[string]any{
			"conditions":        []any{map[string]any{"type": "Ready", "status": ready}},
			"containerStatuses": []any{map[string]any{"name": "web", "restartCount": int64(pod.restarts)}},
		}})
		metadata := made.Object["metadata"].(map[string]any)
		metadata["uid"] = pod.uid
		if pod.leaving {
			metadata["deletionTimestamp"] = "2026-11-23T12:00:00Z"
		}
		objects = append(objects, made)
	}
	return objects, nil
}

func object(name string, content map[string]any) *cluster.Object {
	content["metadata"] = map[string]any{"name": name, "labels": map[string]any{"app": "web"}}
	return &cluster.Object{Object: content}
}

func (f *fakeCluster) PodGet(_ context.Context, _, pod string, port int, path string) (cluster.Response, error) {
	found := f.pods[pod]
	if port != 8080 || path != "/metrics" {
		return cluster.Response{}, errors.New("asked for something else")
	}
	if found.metrics == nil {
		return cluster.Response{}, errors.New("connection refused")
	}
	return cluster.Response{Status: found.status, Body: found.metrics}, nil
}

// fakeProber answers by path.
type fakeProber struct {
	mutex   sync.Mutex
	answers map[string]health.Answer
}

func (f *fakeProber) Get(_ context.Context, path string) (health.Answer, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	answer, ok := f.answers[path]
	if !ok {
		return health.Answer{}, errors.New("connection reset")
	}
	return answer, nil
}

var app = config.Application{Name: "shop", Services: []config.Service{{Name: "web", Port: 8080, Path: "/", HealthPath: "/api/health"}}}

var target = release.Target{
	Environment: config.Environment{Name: "production", Namespace: "shop-prod"},
	Slot:        "green",
	Release:     release.Release{Version: "v2"},
}

func pod(uid string, all, failed int) *fakePod {
	return &fakePod{uid: uid, ready: true, status: 200, metrics: metrics(
		counts("GET", "/", "200", all-failed, all-failed, all-failed, all-failed), counts("GET", "/", "500", 0, failed, failed, failed))}
}

func TestCollectorCountsFromTheFirstSample(t *testing.T) {
	fake := &fakeCluster{desired: 2, pods: map[string]*fakePod{"a": pod("1", 1000, 500), "b": pod("2", 10, 0)}}
	collector := NewCollector(fake, nil, app, target)
	take := func() Observation {
		sample, err := collector.Sample(t.Context())
		require.NoError(t, err)
		assert.Empty(t, sample.Unread)
		assert.Equal(t, sample.Requests, sample.Services["web"].Requests)
		return sample.Services["web"]
	}

	first := take()
	assert.Equal(t, Observation{Ready: 2, Desired: 2}, first, "what was before the watch does not count")

	fake.pods["a"], fake.pods["b"] = pod("1", 1020, 501), pod("2", 15, 0)
	second := take()
	assert.Equal(t, 25.0, second.Requests)
	assert.Equal(t, 1.0, second.Errors)
	assert.InDelta(t, 100*time.Millisecond, second.P95, float64(10*time.Millisecond))

	t.Run("a pod restarts: its counters begin anew", func(t *testing.T) {
		fake.pods["a"] = pod("1", 2000, 0)
		fake.pods["a"].restarts = 1
		third := take()
		assert.Equal(t, 2000.0, third.Requests, "not 2000 less 1020")
		assert.Equal(t, 1, third.Restarts)
	})
	t.Run("a pod is replaced: all that it answered is new, and restarts stay counted", func(t *testing.T) {
		delete(fake.pods, "a")
		fake.pods["c"] = pod("3", 7, 0)
		fake.pods["c"].restarts = 1
		fourth := take()
		assert.Equal(t, 7.0, fourth.Requests)
		assert.Equal(t, 2, fourth.Restarts)
	})
	t.Run("a pod that leaves is not looked at", func(t *testing.T) {
		fake.pods["b"].leaving = true
		assert.Equal(t, 1, take().Ready)
	})
}

func TestCollectorRestartsBeforeTheWatchDoNotCount(t *testing.T) {
	fake := &fakeCluster{desired: 1, pods: map[string]*fakePod{"a": pod("1", 0, 0)}}
	fake.pods["a"].restarts = 4
	collector := NewCollector(fake, nil, app, target)
	for _, want := range []int{0, 0} {
		sample, err := collector.Sample(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, sample.Restarts)
	}
}

func TestCollectorSaysWhatItCouldNotRead(t *testing.T) {
	silent, broken, garbled := &fakePod{uid: "1", ready: true}, pod("2", 1, 0), pod("3", 1, 0)
	broken.status, garbled.metrics = 500, []byte("{]\n")
	fake := &fakeCluster{desired: 3, pods: map[string]*fakePod{"a": silent, "b": broken, "c": garbled}}
	collector := NewCollector(fake, nil, app, target)
	sample, err := collector.Sample(t.Context())
	require.NoError(t, err)
	require.Len(t, sample.Unread, 3)
	assert.Equal(t, "metrics of pod a: connection refused", sample.Unread[0])
	assert.Equal(t, "metrics of pod b: it answered 500 on /metrics", sample.Unread[1])
	assert.True(t, strings.HasPrefix(sample.Unread[2], "metrics of pod c: parsing metrics: "), sample.Unread[2])
	assert.Equal(t, 3, sample.Ready)

	fake.pods["a"] = pod("1", 900, 0)
	sample, err = collector.Sample(t.Context())
	require.NoError(t, err)
	assert.Zero(t, sample.Requests, "the first reading of a pod that was there before only sets the mark")

	fake.err = errors.New("the API server is away")
	_, err = collector.Sample(t.Context())
	assert.ErrorIs(t, err, fake.err)
}

func TestCollectorProbes(t *testing.T) {
	good := health.Answer{Status: 200, Release: "v2", Duration: 30 * time.Millisecond}
	for _, test := range []struct {
		name         string
		health, root health.Answer
		failures     int
		says         string
	}{
		{"both well", good, good, 0, ""},
		{"a redirect of the application is no failure", good, health.Answer{Status: 307, Release: "v2"}, 0, ""},
		{"nothing at the root is no failure", good, health.Answer{Status: 404, Release: "v2"}, 0, ""},
		{"the application fails, its health does not", good, health.Answer{Status: 500, Release: "v2"}, 1, "/: answered 500"},
		{"unhealthy", health.Answer{Status: 503, Release: "v2"}, good, 1, "/api/health: answered 503"},
		{"no health", health.Answer{Status: 404, Release: "v2"}, good, 1, "/api/health: answered 404"},
		{"the old release", good, health.Answer{Status: 200, Release: "v1"}, 1, `/: answered 200 by release "v1" instead of "v2"`},
		{"the ingress controller", health.Answer{Status: 503}, health.Answer{Status: 503}, 2, `answered 503 by release ""`},
	} {
		t.Run(test.name, func(t *testing.T) {
			prober := &fakeProber{answers: map[string]health.Answer{"/api/health": test.health, "/": test.root}}
			sample, err := NewCollector(&fakeCluster{}, prober, app, target).Sample(t.Context())
			require.NoError(t, err)
			got := sample.Services["web"]
			assert.Equal(t, 2, got.Probes)
			assert.Equal(t, test.failures, got.ProbeFailures)
			assert.Contains(t, got.Failure, test.says)
			assert.Equal(t, test.failures, sample.ProbeFailures)
		})
	}
	sample, err := NewCollector(&fakeCluster{}, &fakeProber{}, app, target).Sample(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, sample.ProbeFailures)
	assert.Contains(t, sample.Services["web"].Failure, "no answer: connection reset")
}
