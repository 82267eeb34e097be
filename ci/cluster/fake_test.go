package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fakeServer speaks the part of the API that this package uses, in memory and without a network, so that tests can run
// on synctest's clock. Its answers were taken from a real API server.
type fakeServer struct {
	mu       sync.Mutex
	version  int
	objects  map[string]*unstructured.Unstructured // by path
	faults   []fault
	requests []string
	away     func() bool // whether the server cannot be reached; nil means that it can
}

// fault answers, or breaks, the next request whose "METHOD path" contains match. It is used up.
type fault struct {
	match string
	// before is called instead of the server; a nil response with a nil error lets the request through.
	before func(*http.Request) (*http.Response, error)
	// lost lets the server handle the request and loses its answer.
	lost error
}

// newFake returns a server and a connection to it.
func newFake(t *testing.T) (*fakeServer, *Cluster) {
	t.Helper()
	server := &fakeServer{objects: map[string]*unstructured.Unstructured{}}
	address, err := url.Parse("https://api.example:6443")
	require.NoError(t, err)
	return server, New(address, server)
}

func (s *fakeServer) RoundTrip(request *http.Request) (*http.Response, error) {
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	if s.away != nil && s.away() {
		return nil, errors.New("connection refused")
	}
	hit := s.next(request.Method + " " + request.URL.Path)
	if hit.before != nil {
		if response, err := hit.before(request); response != nil || err != nil {
			return response, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	response := s.serve(request)
	if hit.lost != nil {
		return nil, hit.lost
	}
	return response, nil
}

// next notes the request and takes the first fault that is meant for it.
func (s *fakeServer) next(line string) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, line)
	at := slices.IndexFunc(s.faults, func(f fault) bool { return strings.Contains(line, f.match) })
	if at < 0 {
		return fault{}
	}
	hit := s.faults[at]
	s.faults = slices.Delete(s.faults, at, at+1)
	return hit
}

// fail lets coming requests fail, each fault one.
func (s *fakeServer) fail(faults ...fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// count returns how many requests contained the text in "METHOD path".
func (s *fakeServer) count(match string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var n int
	for _, line := range s.requests {
		if strings.Contains(line, match) {
			n++
		}
	}
	return n
}

// put stores an object, as its controller or node would.
func (s *fakeServer) put(t *testing.T, path string, object any) {
	t.Helper()
	content, err := json.Marshal(object)
	require.NoError(t, err)
	stored := &unstructured.Unstructured{}
	require.NoError(t, json.Unmarshal(content, &stored.Object))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.store(path, stored)
}

func (s *fakeServer) get(path string) *unstructured.Unstructured {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[path]
}

func (s *fakeServer) store(path string, object *unstructured.Unstructured) {
	s.version++
	object.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[path] = object
}

func (s *fakeServer) serve(request *http.Request) *http.Response {
	recorder := httptest.NewRecorder()
	body, _ := io.ReadAll(request.Body)
	answer, err := s.handle(request, body)
	if status, ok := err.(*apierrors.StatusError); ok {
		recorder.WriteHeader(int(status.ErrStatus.Code))
		status.ErrStatus.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		answer = status.ErrStatus
	}
	json.NewEncoder(recorder).Encode(answer)
	response := recorder.Result()
	response.Request = request
	return response
}

func (s *fakeServer) handle(request *http.Request, body []byte) (any, error) {
	path := request.URL.Path
	if list, ok := discovery[path]; ok {
		return list, nil
	}
	switch request.Method {
	case http.MethodGet:
		if object, ok := s.objects[path]; ok {
			return object.Object, nil
		}
		if isCollection(path) {
			return s.list(path, request.URL.Query())
		}
		return nil, notFound(path)
	case http.MethodPost:
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(body); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		path += "/" + object.GetName()
		if _, ok := s.objects[path]; ok {
			return nil, apierrors.NewAlreadyExists(schema.GroupResource{}, object.GetName())
		}
		s.store(path, object)
		return object.Object, nil
	}
	stored, ok := s.objects[path]
	if request.Header.Get("Content-Type") == applyPatch {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(body); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		s.store(path, object)
		return object.Object, nil
	}
	if !ok {
		return nil, notFound(path)
	}
	switch request.Method {
	case http.MethodPut:
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(body); err != nil {
			return nil, apierrors.NewBadRequest(err.Error())
		}
		if object.GetResourceVersion() != stored.GetResourceVersion() {
			return nil, apierrors.NewConflict(schema.GroupResource{}, stored.GetName(), fmt.Errorf("the object has been modified"))
		}
		s.store(path, object)
		return object.Object, nil
	case http.MethodPatch:
		return s.patch(path, stored, body)
	case http.MethodDelete:
		delete(s.objects, path)
		return metav1.Status{Status: metav1.StatusSuccess}, nil
	}
	return nil, apierrors.NewMethodNotSupported(schema.GroupResource{}, request.Method)
}

// patch applies a JSON patch with the API server's own library and error.
func (s *fakeServer) patch(path string, stored *unstructured.Unstructured, body []byte) (any, error) {
	patch, err := jsonpatch.DecodePatch(body)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	before, err := stored.MarshalJSON()
	if err != nil {
		return nil, err
	}
	after, err := patch.Apply(before)
	if err != nil {
		failure := apierrors.NewGenericServerResponse(http.StatusUnprocessableEntity, "", schema.GroupResource{}, "", err.Error(), 0, false)
		failure.ErrStatus.Details = &metav1.StatusDetails{} // the real server keeps the cause to itself
		return nil, failure
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(after); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	s.store(path, object)
	return object.Object, nil
}

func (s *fakeServer) list(path string, query url.Values) (any, error) {
	selector, err := labels.Parse(query.Get("labelSelector"))
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	items := []any{}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		object := s.objects[key]
		if strings.HasPrefix(key, path+"/") && selector.Matches(labels.Set(object.GetLabels())) && matchesEvent(object, query.Get("fieldSelector")) {
			items = append(items, object.Object)
		}
	}
	return map[string]any{"apiVersion": "v1", "kind": "List", "items": items}, nil
}

// matchesEvent applies the field selectors of events, the only ones that this package sends.
func matchesEvent(object *unstructured.Unstructured, selector string) bool {
	for term := range strings.SplitSeq(selector, ",") {
		if field, want, ok := strings.Cut(term, "="); ok {
			if got, _, _ := unstructured.NestedString(object.Object, strings.Split(field, ".")...); got != want {
				return false
			}
		}
	}
	return true
}

func isCollection(path string) bool {
	return slices.ContainsFunc([]string{"services", "pods", "secrets", "events", "deployments", "replicasets", "daemonsets", "statefulsets", "leases", "jobs"},
		func(plural string) bool { return strings.HasSuffix(path, "/"+plural) })
}

func notFound(path string) error {
	return apierrors.NewNotFound(schema.GroupResource{}, path[strings.LastIndex(path, "/")+1:])
}

// discovery lists the kinds that the fake server knows.
var discovery = map[string]metav1.APIResourceList{
	"/api/v1":                      resourceList("v1", "Namespace:namespaces:", "Service:services:ns", "Pod:pods:ns", "Pod:pods/log:ns", "Secret:secrets:ns", "Event:events:ns"),
	"/apis/apps/v1":                resourceList("apps/v1", "Deployment:deployments:ns", "Scale:deployments/scale:ns", "ReplicaSet:replicasets:ns", "DaemonSet:daemonsets:ns", "StatefulSet:statefulsets:ns"),
	"/apis/batch/v1":               resourceList("batch/v1", "Job:jobs:ns"),
	"/apis/coordination.k8s.io/v1": resourceList("coordination.k8s.io/v1", "Lease:leases:ns"),
}

func resourceList(version string, entries ...string) metav1.APIResourceList {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: version}
	for _, entry := range entries {
		parts := strings.Split(entry, ":")
		list.APIResources = append(list.APIResources, metav1.APIResource{Kind: parts[0], Name: parts[1], Namespaced: parts[2] != ""})
	}
	return list
}

// answer is a fault that answers with a status and a body.
func answer(match string, status int, body string) fault {
	return fault{match: match, before: func(*http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		recorder.Code = status
		recorder.Body.WriteString(body)
		return recorder.Result(), nil
	}}
}

// broken is a fault that breaks the connection before the request arrives.
func broken(match string, err error) fault {
	return fault{match: match, before: func(*http.Request) (*http.Response, error) { return nil, err }}
}

// hung is a fault of a server that takes the request and never answers.
func hung(match string) fault {
	return fault{match: match, before: func(request *http.Request) (*http.Response, error) {
		<-request.Context().Done()
		return nil, context.Cause(request.Context())
	}}
}
