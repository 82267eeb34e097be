package cluster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
)

// Content types of the API server's patches.
const (
	applyPatch = "application/apply-patch+yaml"
	jsonPatch  = "application/json-patch+json"
	mergePatch = "application/merge-patch+json"
)

// maxBody bounds any answer, in bytes. The longest expected ones, lists of Pods, stay far below.
const maxBody = 64 << 20

// request is one call of the API. A request may be sent as often as its retry policy says when the server is
// overloaded or the connection breaks, so only what is idempotent gets a policy of more than one attempt.
type request struct {
	method      string
	path        string
	query       url.Values
	accept      string // empty means plain JSON
	contentType string
	body        any // sent as JSON; nil means none
	retry       backoff
	warning     func(string)
}

// send performs the request and returns the body of a successful answer. Every other answer is an
// *apierrors.StatusError, a server that gives none is ErrUnreachable.
func (c *Cluster) send(ctx context.Context, request request) ([]byte, error) {
	var payload []byte
	if request.body != nil {
		var err error
		if payload, err = json.Marshal(request.body); err != nil {
			return nil, fmt.Errorf("writing the request as JSON: %w", err)
		}
	}
	began := time.Now()
	for attempt := 1; ; attempt++ {
		body, err := c.attempt(ctx, request, payload)
		if err == nil || !IsTransient(err) && !c.recovering(err) {
			return body, err
		}
		if request.retry.over(attempt, began) {
			if request.retry.within > 0 {
				err = &lasting{err, time.Since(began).Round(time.Second)}
			}
			return nil, err
		}
		seconds, _ := apierrors.SuggestsClientDelay(err)
		if !Sleep(ctx, request.retry.pause(attempt, time.Duration(seconds)*time.Second, began)) {
			return nil, fmt.Errorf("%w (the last attempt failed: %v)", context.Cause(ctx), err)
		}
	}
}

// lasting is an error that outlasted a budget.
type lasting struct {
	error
	lasted time.Duration
}

func (e *lasting) Error() string { return fmt.Sprintf("%v (for %s by now)", e.error, e.lasted) }

func (e *lasting) Unwrap() error { return e.error }

// recovering says of a refusal that it may be one of an API server that has just come back: until it has read the roles and
// the tokens' keys it refuses users that it knows.
func (c *Cluster) recovering(err error) bool {
	if !apierrors.IsUnauthorized(err) && !(IsForbidden(err) && isRBAC(err)) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.failed.IsZero() && time.Since(c.failed) < c.timing.recovery
}

func (c *Cluster) attempt(ctx context.Context, request request, payload []byte) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, c.timing.request)
	defer cancel()
	response, err := c.open(limited, request, payload)
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, c.unanswered(ctx, err)
	}
	if response.StatusCode >= http.StatusInternalServerError {
		c.noteFailure()
	}
	if request.warning != nil {
		warnings, _ := utilnet.ParseWarningHeaders(response.Header["Warning"])
		for _, warning := range warnings {
			request.warning(warning.Text)
		}
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, statusError(response, body, request.method)
	}
	return body, nil
}

// open sends the request and returns the answer with its body still to be read, which streams need.
func (c *Cluster) open(ctx context.Context, request request, payload []byte) (*http.Response, error) {
	target := *c.server
	target.Path = strings.TrimSuffix(target.Path, "/") + request.path
	target.RawQuery = request.query.Encode()
	httpRequest, err := http.NewRequestWithContext(ctx, request.method, target.String(), bytes.NewReader(payload))
	if err != nil {
		return nil, err
	}
	if payload == nil {
		httpRequest.Body = http.NoBody
	}
	httpRequest.Header.Set("Accept", cmp.Or(request.accept, "application/json"))
	if request.contentType != "" {
		httpRequest.Header.Set("Content-Type", request.contentType)
	}
	return c.http.Do(httpRequest)
}

// unanswered tells the caller's own cancellation from a server that does not answer.
func (c *Cluster) unanswered(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its prefix repeats method and URL, which say nothing to the reader
	}
	c.noteFailure()
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func (c *Cluster) noteFailure() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = time.Now()
}

// statusError turns an error answer into the API server's own Status; whatever else stands in between (a load
// balancer, a proxy) gets one made up from its HTTP status.
func statusError(response *http.Response, body []byte, method string) error {
	if status, ok := parseStatus(body); ok {
		return &apierrors.StatusError{ErrStatus: status}
	}
	retryAfter, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	text := string(bytes.TrimSpace(body[:min(len(body), 512)]))
	return apierrors.NewGenericServerResponse(response.StatusCode, method, schemaless, "", text, retryAfter, true)
}

// parseStatus recognises the API server's error document.
func parseStatus(body []byte) (metav1.Status, bool) {
	var status metav1.Status
	if json.Unmarshal(body, &status) != nil {
		return status, false
	}
	return status, status.Kind == "Status" && status.APIVersion == "v1" && status.Status == metav1.StatusFailure
}
