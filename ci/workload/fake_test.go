package workload

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// server keeps objects by their paths, as an API server does, and the logs of pods.
type server struct {
	*cluster.Cluster
	mu      sync.Mutex
	objects map[string]*unstructured.Unstructured
	logs    map[string]string // by the path of the pod
	faults  []fault
	away    error // what every request meets
	asked   []string
}

// fault answers the next request whose "METHOD path?query" contains match instead of the server; it is used up. Without an
// answer the server does what it is asked, and the answer is lost.
type fault struct {
	match string
	do    func() (*http.Response, error)
	lost  error
	// request sees the request before the server does.
	request func(*http.Request)
}

func newServer(t *testing.T) *server {
	address, err := url.Parse("https://api.example:6443")
	require.NoError(t, err)
	s := &server{objects: map[string]*unstructured.Unstructured{}, logs: map[string]string{}}
	s.Cluster = cluster.New(address, s)
	return s
}

func (s *server) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	line := request.Method + " " + request.URL.RequestURI()
	hit := s.next(line)
	if hit.request != nil {
		hit.request(request)
	}
	if hit.do != nil {
		return hit.do()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer, err := s.handle(request)
	if hit.lost != nil {
		return nil, hit.lost
	}
	if status, ok := err.(*apierrors.StatusError); ok {
		status.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		return respond(int(status.ErrStatus.Code), status.ErrStatus), nil
	}
	return respond(http.StatusOK, answer), nil
}

// next notes the request and takes the first fault that is meant for it.
func (s *server) next(line string) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, line)
	if s.away != nil {
		return broken("", s.away)
	}
	at := slices.IndexFunc(s.faults, func(f fault) bool { return strings.Contains(line, f.match) })
	if at < 0 {
		return fault{}
	}
	hit := s.faults[at]
	s.faults = slices.Delete(s.faults, at, at+1)
	return hit
}

func respond(status int, body any) *http.Response {
	text, ok := body.(string)
	if !ok {
		content, _ := json.Marshal(body)
		text = string(content)
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}
}

func (s *server) handle(request *http.Request) (any, error) {
	path := request.URL.Path
	if kinds, ok := discovery[path]; ok {
		return kinds, nil
	}
	if pod, ok := strings.CutSuffix(path, "/log"); ok {
		return s.logs[pod], nil
	}
	switch request.Method {
	case http.MethodPost:
		object := &unstructured.Unstructured{}
		body, _ := io.ReadAll(request.Body)
		if err := object.UnmarshalJSON(body); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		path += "/" + object.GetName()
		if s.objects[path] != nil {
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{}, object.GetName())
		}
		object.SetUID(types.UID(object.GetName()))
		s.objects[path] = object
		return object.Object, nil
	case http.MethodDelete:
		var options metav1.DeleteOptions
		body, _ := io.ReadAll(request.Body)
		_ = json.Unmarshal(body, &options)
		found := s.objects[path]
		if found != nil && options.Preconditions != nil && options.Preconditions.UID != nil && *options.Preconditions.UID != found.GetUID() {
			return nil, apierrors.NewConflict(schema.GroupResource{}, found.GetName(), nil)
		}
		delete(s.objects, path)
		return metav1.Status{Status: metav1.StatusSuccess}, nil
	}
	if object := s.objects[path]; object != nil {
		return object.Object, nil
	}
	if !slices.Contains(plurals, path[strings.LastIndex(path, "/")+1:]) {
		return nil, apierrors.NewNotFound(schema.GroupResource{}, path[strings.LastIndex(path, "/")+1:])
	}
	return s.list(path, request.URL.Query())
}

func (s *server) list(path string, query url.Values) (any, error) {
	byLabels, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	byFields, err := fields.ParseSelector(query.Get("fieldSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	items := []any{}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		object := s.objects[key]
		involved, _, _ := unstructured.NestedStringMap(object.Object, "involvedObject")
		kind, _, _ := unstructured.NestedString(object.Object, "type")
		set := fields.Set{"type": kind, "involvedObject.kind": involved["kind"], "involvedObject.name": involved["name"]}
		if strings.HasPrefix(key, path+"/") && byLabels.Matches(labels.Set(object.GetLabels())) && byFields.Matches(set) {
			items = append(items, object.Object)
		}
	}
	return map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, nil
}

var plurals = []string{"pods", "events", "deployments", "replicasets", "daemonsets", "statefulsets", "jobs"}

var discovery = map[string]metav1.APIResourceList{
	"/api/v1":        resources("Pod:pods", "Event:events"),
	"/apis/apps/v1":  resources("Deployment:deployments", "ReplicaSet:replicasets", "DaemonSet:daemonsets", "StatefulSet:statefulsets"),
	"/apis/batch/v1": resources("Job:jobs"),
}

func resources(entries ...string) metav1.APIResourceList {
	var list metav1.APIResourceList
	for _, entry := range entries {
		kind, plural, _ := strings.Cut(entry, ":")
		list.APIResources = append(list.APIResources, metav1.APIResource{Kind: kind, Name: plural, Namespaced: true})
	}
	return list
}

// put stores an object, as its controller or node would.
func (s *server) put(t *testing.T, path string, object any) {
	t.Helper()
	content, err := json.Marshal(object)
	require.NoError(t, err)
	stored := &unstructured.Unstructured{}
	require.NoError(t, json.Unmarshal(content, &stored.Object))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objects[path] = stored
}

func (s *server) get(path string) *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[path]
}

// set changes a stored object.
func (s *server) set(t *testing.T, path string, value any, fields ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.objects[path].DeepCopy()
	require.NoError(t, unstructured.SetNestedField(changed.Object, value, fields...))
	s.objects[path] = changed
}

func (s *server) remove(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, path)
}

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

// prints sets the log of a pod.
func (s *server) prints(pod, log string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.logs["/api/v1/namespaces/shop/pods/"+pod] = log
}

// logsAsked are the requests for logs.
func (s *server) logsAsked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.asked), func(line string) bool { return !strings.Contains(line, "/log") })
}

// answer is a fault that answers with a status and a body.
func answer(match string, status int, body string) fault {
	return fault{match: match, do: func() (*http.Response, error) { return respond(status, body), nil }}
}

// broken is a fault that breaks the connection before the request arrives.
func broken(match string, err error) fault {
	return fault{match: match, do: func() (*http.Response, error) { return nil, err }}
}

// cut is a fault that breaks the connection in the middle of the answer.
func cut(match, text string, err error) fault {
	return fault{match: match, do: func() (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{},
			Body: io.NopCloser(io.MultiReader(bytes.NewBufferString(text), failing{err}))}, nil
	}}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
