package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxProxyBody bounds the answer of a pod, in bytes; a page of metrics has a few hundred thousand.
const maxProxyBody = 8 << 20

// ErrNotServing is in the error of a request to a Service or pod that did not get there: no pod is ready, or the pod
// does not accept connections. What the application itself answers, an error page included, is a Response.
var ErrNotServing = errors.New("nothing answers there")

// Response is what an application answered.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// Duration runs from sending the request to the last byte of the answer, the way through the API server included.
	Duration time.Duration
}

// ServiceGet asks one of a Service's ready pods over HTTP, by way of the API server. Path may carry a query. It is sent
// once and follows no redirect, since a probe wants to see what is there.
func (c *Cluster) ServiceGet(ctx context.Context, namespace, service string, port int, path string) (Response, error) {
	return c.proxyGet(ctx, Ref{APIVersion: "v1", Kind: "Service", Namespace: namespace, Name: service}, port, path)
}

// PodGet asks one pod over HTTP, ready or not, by way of the API server; otherwise as ServiceGet.
func (c *Cluster) PodGet(ctx context.Context, namespace, pod string, port int, path string) (Response, error) {
	return c.proxyGet(ctx, Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod}, port, path)
}

func (c *Cluster) proxyGet(ctx context.Context, ref Ref, port int, path string) (Response, error) {
	doing := fmt.Sprintf("asking %s port %d for %s", ref, port, path)
	target, err := url.Parse(path)
	if err != nil {
		return Response{}, explain(doing, err)
	}
	collection := strings.ToLower(ref.Kind) + "s"
	request := request{method: http.MethodGet, query: target.Query(),
		path: fmt.Sprintf("/api/v1/namespaces/%s/%s/http:%s:%d/proxy/%s", ref.Namespace, collection, ref.Name, port, strings.TrimPrefix(target.Path, "/"))}
	limited, cancel := context.WithTimeout(ctx, c.timing.request)
	defer cancel()
	start := time.Now()
	answer, err := c.open(limited, request, nil)
	if err != nil {
		return Response{}, explain(doing, c.unanswered(ctx, err))
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxProxyBody+1))
	if err != nil {
		return Response{}, explain(doing, c.unanswered(ctx, err))
	}
	if len(body) > maxProxyBody {
		return Response{}, fmt.Errorf("%s: the answer is longer than %d bytes; ask for something smaller", doing, maxProxyBody)
	}
	if err := proxyError(answer, body); err != nil {
		return Response{}, explain(doing, err)
	}
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: body, Duration: time.Since(start)}, nil
}

// proxyError tells an error of the API server (no such Service, no right, no pod ready) from one of the application:
// the API server's is a Status document.
func proxyError(answer *http.Response, body []byte) error {
	if answer.StatusCode < http.StatusBadRequest {
		return nil
	}
	if _, ok := parseStatus(body); !ok {
		return nil
	}
	err := statusError(answer, body, http.MethodGet)
	if answer.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%w: %w", ErrNotServing, err)
	}
	return err
}
