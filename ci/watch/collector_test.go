package watch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// shop is a namespace with one Deployment and the pods that a test gives it, by name.
type shop struct {
	http.RoundTripper
	server *clustertest.Server
	api    *cluster.Cluster
	away   bool
	pods   map[string]*fakePod
	known  map[string]string // the uid of each pod that the server has
}

type fakePod struct {
	uid      string
	ready    bool
	restarts int
	leaving  bool
	status   int
	metrics  []byte
}

func newShop(desired int64, pods map[string]*fakePod) *shop {
	server := clustertest.NewServer()
	s := &shop{RoundTripper: server.NewClient(), server: server, pods: pods, known: map[string]string{}}
	s.api = cluster.New(&url.URL{Scheme: "https", Host: "api.example"}, s)
	for _, version := range []string{"v1", "v2"} { // the first is not watched
		server.Put(&cluster.Object{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"name": "web-" + version, "namespace": "shop-prod", "labels": labels(version)},
			"spec": map[string]any{"replicas": desired, "template": map[string]any{"metadata": map[string]any{"labels": labels(version)},
				"spec": map[string]any{"containers": []any{map[string]any{"name": "web"}}}}}}})
	}
	server.Idle = true // from now on, pods are as the test says
	for _, made := range server.List("v1", "Pod", "shop-prod", map[string]string{"app.kubernetes.io/version": "v2"}) {
		server.Remove(cluster.RefOf(made))
	}
	return s
}

func labels(version string) map[string]any {
	return map[string]any{"app": "web", "app.kubernetes.io/part-of": "shop", "team-dashboard.app/slot": "green", "app.kubernetes.io/version": version}
}

// RoundTrip answers for the pods; all else is the API server's, which has the pods of just now.
func (s *shop) RoundTrip(request *http.Request) (*http.Response, error) {
	at, path, proxied := strings.Cut(request.URL.Path, "/proxy")
	switch pod := s.pods[strings.TrimSuffix(strings.TrimPrefix(at, "/api/v1/namespaces/shop-prod/pods/http:"), ":8080")]; {
	case s.away:
		return nil, &tls.CertificateVerificationError{Err: errors.New("another cluster")}
	case !proxied:
		s.show()
		return s.RoundTripper.RoundTrip(request)
	case pod == nil || path != "/metrics" || pod.metrics == nil:
		return respond(http.StatusServiceUnavailable, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"connection refused","code":503}`)
	default:
		return respond(pod.status, string(pod.metrics))
	}
}

func respond(status int, body string) (*http.Response, error) {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// show lets the server have the pods of just now. One with another uid is another pod.
func (s *shop) show() {
	for name, uid := range s.known {
		if pod := s.pods[name]; pod == nil || pod.uid != uid {
			s.server.Remove(cluster.Ref{APIVersion: "v1", Kind: "Pod", Namespace: "shop-prod", Name: name})
			delete(s.known, name)
		}
	}
	set := s.server.List("apps/v1", "ReplicaSet", "shop-prod", map[string]string{"app.kubernetes.io/version": "v2"})[0]
	for name, pod := range s.pods {
		made := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"name": name, "namespace": "shop-prod", "labels": labels("v2"),
				"ownerReferences": []any{map[string]any{"kind": "ReplicaSet", "uid": string(set.GetUID())}}},
			"status": map[string]any{
				"conditions":        []any{map[string]any{"type": "Ready", "status": map[bool]string{true: "True", false: "False"}[pod.ready]}},
				"containerStatuses": []any{map[string]any{"name": "web", "restartCount": int64(pod.restarts)}},
			}}}
		if pod.leaving {
			made.SetDeletionTimestamp(&metav1.Time{Time: time.Unix(1, 0)})
		}
		s.server.Put(made)
		s.known[name] = pod.uid
	}
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
	fake := newShop(2, map[string]*fakePod{"a": pod("1", 1000, 500), "b": pod("2", 10, 0)})
	collector := NewCollector(fake.api, nil, app, target)
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
	fake := newShop(1, map[string]*fakePod{"a": pod("1", 0, 0)})
	fake.pods["a"].restarts = 4
	collector := NewCollector(fake.api, nil, app, target)
	for _, want := range []int{0, 0} {
		sample, err := collector.Sample(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, sample.Restarts)
	}
}

func TestCollectorSaysWhatItCouldNotRead(t *testing.T) {
	silent, broken, garbled := &fakePod{uid: "1", ready: true}, pod("2", 1, 0), pod("3", 1, 0)
	broken.status, garbled.metrics = 500, []byte("{]\n")
	fake := newShop(3, map[string]*fakePod{"a": silent, "b": broken, "c": garbled})
	collector := NewCollector(fake.api, nil, app, target)
	sample, err := collector.Sample(t.Context())
	require.NoError(t, err)
	require.Len(t, sample.Unread, 3)
	assert.Contains(t, sample.Unread[0], "metrics of pod a: asking Pod \"a\"")
	assert.Equal(t, "metrics of pod b: it answered 500 on /metrics", sample.Unread[1])
	assert.True(t, strings.HasPrefix(sample.Unread[2], "metrics of pod c: parsing metrics: "), sample.Unread[2])
	assert.Equal(t, 3, sample.Ready)

	fake.pods["a"] = pod("1", 900, 0)
	sample, err = collector.Sample(t.Context())
	require.NoError(t, err)
	assert.Zero(t, sample.Requests, "the first reading of a pod that was there before only sets the mark")

	fake.away = true
	_, err = collector.Sample(t.Context())
	assert.ErrorIs(t, err, cluster.ErrUnreachable)
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
			sample, err := NewCollector(newShop(0, nil).api, prober, app, target).Sample(t.Context())
			require.NoError(t, err)
			got := sample.Services["web"]
			assert.Equal(t, 2, got.Probes)
			assert.Equal(t, test.failures, got.ProbeFailures)
			assert.Contains(t, got.Failure, test.says)
			assert.Equal(t, test.failures, sample.ProbeFailures)
		})
	}
	sample, err := NewCollector(newShop(0, nil).api, &fakeProber{}, app, target).Sample(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, sample.ProbeFailures)
	assert.Contains(t, sample.Services["web"].Failure, "no answer: connection reset")
}
