package clustertest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Fault is what happens to a write on its way.
type Fault string

const (
	// None lets it through.
	None Fault = ""
	// Kill ends the process: neither this request nor any later one arrives.
	Kill Fault = "kill"
	// Freeze stops the process until Client.Wake is called: the request is on its way, and arrives then. So do all others
	// that its timers would have sent meanwhile.
	Freeze Fault = "freeze"
	// Conflict, TooMany and Failing are the server's 409, 429 and 500; nothing is done.
	Conflict Fault = "409"
	TooMany  Fault = "429"
	Failing  Fault = "500"
	// Timeout means that the request does not arrive, and nobody says so.
	Timeout Fault = "time-out"
	// Lost means that it is done, and its answer does not arrive.
	Lost Fault = "lost answer"
	// Refused is a no for good.
	Refused Fault = "refused"
)

// Client is one process that talks to a Server.
type Client struct {
	server *Server
	mu     sync.Mutex
	writes int
	dead   bool
	wake   chan struct{}
	frozen chan struct{}

	// Fault says what happens to the n-th write of the process, from 0; nil lets all through.
	Fault func(n int, w Write) Fault
	// Intercept answers a request instead of the server; nil and nil let it through. Nil lets all through.
	Intercept func(*http.Request) (*http.Response, error)
	// Away says whether the API server can be reached; nil means that it can.
	Away func() bool
}

// NewClient is another process.
func (s *Server) NewClient() *Client {
	return &Client{server: s, wake: make(chan struct{}), frozen: make(chan struct{})}
}

// Cluster is the process's connection.
func (c *Client) Cluster() *cluster.Cluster {
	return cluster.New(&url.URL{Scheme: "https", Host: "api.example:6443"}, c)
}

// Dead says whether the process was killed.
func (c *Client) Dead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

// Frozen is closed when the process was frozen; Wake lets it go on.
func (c *Client) Frozen() <-chan struct{} { return c.frozen }

// Wake lets a frozen process go on.
func (c *Client) Wake() { close(c.wake) }

// errAway is what a server that cannot be reached looks like.
var errAway = errors.New("connection refused")

// RoundTrip carries a request to the server, or not.
func (c *Client) RoundTrip(request *http.Request) (*http.Response, error) {
	var body []byte
	if request.Body != nil {
		body, _ = io.ReadAll(request.Body)
		_ = request.Body.Close()
	}
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	if c.Dead() {
		// To a dead process nothing is worth another try; this is the one error of a connection that says so.
		return nil, &tls.CertificateVerificationError{Err: errors.New("this process was killed")}
	}
	c.sleepWhileFrozen()
	if c.Away != nil && c.Away() {
		return nil, errAway
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	if c.Intercept != nil {
		if response, err := c.Intercept(request); response != nil || err != nil {
			return response, err
		}
	}
	fault, w := c.next(request)
	switch fault {
	case Kill:
		return nil, &tls.CertificateVerificationError{Err: errors.New("this process was killed")}
	case Freeze:
		close(c.frozen)
		<-c.wake
	case Timeout:
		return nil, c.hang(request.Context())
	case Conflict:
		return refuse(request, apierrors.NewConflict(schema.GroupResource{Resource: w.Ref.Kind}, w.Ref.Name, errors.New("injected"))), nil
	case TooMany:
		return refuse(request, apierrors.NewTooManyRequests("injected", 1)), nil
	case Failing:
		return refuse(request, apierrors.NewInternalError(errors.New("injected"))), nil
	case Refused:
		return refuse(request, apierrors.NewBadRequest("refused for this test")), nil
	}
	response := c.server.answer(request, body)
	if fault == Lost {
		return nil, io.ErrUnexpectedEOF
	}
	return response, nil
}

// Answer is a response with a body, for Client.Intercept.
func Answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// sleepWhileFrozen stops every request of a process that is frozen, its renewals of the lock among them.
func (c *Client) sleepWhileFrozen() {
	select {
	case <-c.frozen:
		<-c.wake
	default:
	}
}

// hang is a request that nobody answers: it ends with its context, or after a while.
func (c *Client) hang(ctx context.Context) error {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return io.ErrUnexpectedEOF
	}
}

// next counts a write and asks what happens to it. Dry runs and reviews store nothing and count as reads.
func (c *Client) next(request *http.Request) (Fault, Write) {
	at, ok := locate(request.URL.Path)
	if !ok || request.Method == http.MethodGet || request.URL.Query().Get("dryRun") != "" || at.plural == "selfsubjectaccessreviews" {
		return None, Write{}
	}
	w := Write{verbOf(request, at), at.ref(kindOf(at.apiVersion, at.plural))}
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.writes
	c.writes++
	if c.Fault == nil {
		return None, w
	}
	fault := c.Fault(n, w)
	c.dead = c.dead || fault == Kill
	return fault, w
}

func verbOf(request *http.Request, at location) string {
	switch {
	case request.Method == http.MethodDelete:
		return "delete"
	case request.Method == http.MethodPost:
		return "create"
	case request.Method == http.MethodPut:
		return "update"
	case at.subresource == "scale":
		return "scale"
	case request.Header.Get("Content-Type") == "application/apply-patch+yaml":
		return "apply"
	}
	return "patch"
}
