package clustertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// answer is what the server says to a request.
func (s *Server) answer(request *http.Request, body []byte) *http.Response {
	if list, ok := discovery(request.URL.Path); ok {
		return respond(request, http.StatusOK, list)
	}
	if request.URL.Path == "/api" || request.URL.Path == "/apis" {
		return respond(request, http.StatusOK, allKinds(request.URL.Path))
	}
	at, ok := locate(request.URL.Path)
	if !ok {
		response := respond(request, http.StatusNotFound, json.RawMessage("404 page not found\n"))
		response.Header.Set("Content-Type", "text/plain; charset=utf-8")
		return response
	}
	if at.kind == nil {
		return refuse(request, unknownPath())
	}
	if at.kind.is(virtual) {
		return s.review(request, body)
	}
	if s.forbidden[at.kind.name] {
		return refuse(request, forbidden(request, at))
	}
	if strings.HasPrefix(at.subresource, "proxy") {
		return s.proxied(request, at)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if request.Method == http.MethodGet {
		return s.read(request, at)
	}
	status, result, err := s.write(request, at, body)
	if err != nil {
		return refuse(request, err)
	}
	return respond(request, status, result)
}

func (s *Server) read(request *http.Request, at location) *http.Response {
	if at.name == "" {
		return s.list(request, at.collection)
	}
	kept := s.at(at)
	if kept == nil {
		return refuse(request, notFound(at))
	}
	switch at.subresource {
	case "":
		return respond(request, http.StatusOK, kept.json())
	case "scale":
		return respond(request, http.StatusOK, scaleOf(kept.Object))
	case "log":
		return s.log(request, at)
	}
	return refuse(request, unknownPath())
}

// review answers whether the user has a right.
func (s *Server) review(request *http.Request, body []byte) *http.Response {
	var review map[string]any
	if err := json.Unmarshal(body, &review); err != nil {
		return refuse(request, apierrors.NewBadRequest(err.Error()))
	}
	text := func(name string) string {
		value, _, _ := unstructured.NestedString(review, "spec", "resourceAttributes", name)
		return value
	}
	k := byPlural[schema.GroupVersion{Group: text("group"), Version: text("version")}.String()][text("resource")]
	review["status"] = map[string]any{"allowed": k == nil || !s.forbidden[k.name]}
	return respond(request, http.StatusCreated, review)
}

// proxied asks a pod or a Service. The server is not locked: who answers may take its time.
func (s *Server) proxied(request *http.Request, at location) *http.Response {
	if s.Proxy == nil {
		return refuse(request, apierrors.NewServiceUnavailable(fmt.Sprintf("no endpoints available for service %q", at.name)))
	}
	name, _, _ := strings.Cut(at.name, ":")
	status, header, body := s.Proxy(at.kind.name, at.namespace, name, strings.TrimPrefix(at.subresource, "proxy"))
	response := respond(request, status, json.RawMessage(body))
	maps.Copy(response.Header, header)
	return response
}

func respond(request *http.Request, status int, body any) *http.Response {
	content, ok := body.(json.RawMessage)
	if !ok {
		content, _ = json.Marshal(body)
	}
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: request,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content))}
}
