package workload

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
)

// server is an API server without controllers: the tests do what they would. Objects go by their paths.
type server struct {
	*cluster.Cluster
	api    *clustertest.Server
	client *clustertest.Client
	mu     sync.Mutex
	faults []fault
	away   error // what every request meets
	asked  []string
}

// fault answers the next request whose "METHOD path?query" contains match instead of the server; it is used up.
type fault struct {
	match string
	do    func(*http.Request) (*http.Response, error)
}

func newServer() *server {
	s := &server{api: clustertest.NewServer("shop")}
	s.api.Idle = true
	s.client = s.api.NewClient()
	s.client.Intercept = s.intercept
	s.Cluster = s.client.Cluster()
	return s
}

func (s *server) intercept(request *http.Request) (*http.Response, error) {
	line := request.Method + " " + request.URL.RequestURI()
	s.mu.Lock()
	s.asked = append(s.asked, line)
	away, hit := s.away, fault{}
	if at := slices.IndexFunc(s.faults, func(f fault) bool { return strings.Contains(line, f.match) }); away == nil && at >= 0 {
		hit = s.faults[at]
		s.faults = slices.Delete(s.faults, at, at+1)
	}
	s.mu.Unlock()
	if away != nil || hit.do == nil {
		return nil, away
	}
	return hit.do(request)
}

// refOf is the object at a path.
func refOf(path string) cluster.Ref {
	parts := strings.Split(strings.TrimPrefix(strings.TrimPrefix(path, "/apis/"), "/api/"), "/namespaces/")
	rest := strings.Split(parts[1], "/")
	kinds := map[string]string{"pods": "Pod", "events": "Event", "jobs": "Job", "deployments": "Deployment", "replicasets": "ReplicaSet",
		"daemonsets": "DaemonSet", "statefulsets": "StatefulSet"}
	return cluster.Ref{APIVersion: parts[0], Kind: kinds[rest[1]], Namespace: rest[0], Name: rest[2]}
}

// put stores an object, as its controller or node would.
func (s *server) put(t *testing.T, path string, object any) {
	t.Helper()
	content, err := json.Marshal(object)
	require.NoError(t, err)
	stored, ref := &cluster.Object{}, refOf(path)
	require.NoError(t, json.Unmarshal(content, &stored.Object))
	stored.SetAPIVersion(ref.APIVersion)
	stored.SetKind(ref.Kind)
	stored.SetNamespace(ref.Namespace)
	stored.SetName(ref.Name)
	s.api.Put(stored)
}

func (s *server) get(path string) *cluster.Object { return s.api.Get(refOf(path)) }

// set changes a stored object.
func (s *server) set(t *testing.T, path string, value any, fields ...string) {
	t.Helper()
	changed := s.get(path)
	require.NoError(t, unstructured.SetNestedField(changed.Object, value, fields...))
	s.api.Put(changed)
}

func (s *server) remove(path string) { s.api.Remove(refOf(path)) }

// prints makes the log of a pod.
func (s *server) prints(pod, log string) { s.api.Print("shop", pod, log) }

// fail lets coming requests fail, each fault one.
func (s *server) fail(faults ...fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// outage takes the API server away for a while.
func (s *server) outage(after, duration time.Duration, with error) {
	set := func(err error) func() {
		return func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.away = err
		}
	}
	time.AfterFunc(after, set(with))
	time.AfterFunc(after+duration, set(nil))
}

// logsAsked are the requests for logs.
func (s *server) logsAsked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(line string) bool { return !strings.Contains(line, "/log") })
}

// answer is a fault that answers with a status and a body.
func answer(match string, status int, body string) fault {
	return fault{match: match, do: func(*http.Request) (*http.Response, error) { return clustertest.Answer(status, body), nil }}
}

// broken is a fault that breaks the connection before the request arrives.
func broken(match string, err error) fault {
	return fault{match: match, do: func(*http.Request) (*http.Response, error) { return nil, err }}
}

// cut is a fault that breaks the connection in the middle of the answer.
func cut(match, text string, err error) fault {
	return fault{match: match, do: func(*http.Request) (*http.Response, error) {
		response := clustertest.Answer(http.StatusOK, "")
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader(text), failing{err}))
		return response, nil
	}}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
