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

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Client is one process that talks to a Server.
type Client struct {
	server *Server

	mu     sync.Mutex
	writes int
	dead   bool
	frozen chan struct{}
	thaw   chan struct{} // nil unless frozen

	// Fault says what happens to the n-th write of the process, from 0; nil lets all through.
	Fault func(n int, w Write) Fault
	// Away says whether the API server can be reached; nil means that it can.
	Away func() bool
	// Intercept answers, or fails, a request instead of the server; nil and no error lets it through.
	Intercept func(*http.Request) (*http.Response, error)
}

// NewClient is another process.
func (s *Server) NewClient() *Client {
	return &Client{server: s, frozen: make(chan struct{})}
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

// Frozen is closed when the process was frozen for the first time.
func (c *Client) Frozen() <-chan struct{} { return c.frozen }

// Wake lets a frozen process go on.
func (c *Client) Wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.thaw)
	c.thaw = nil
}

var (
	// errAway is what a server that cannot be reached looks like.
	errAway = errors.New("connection refused")
	// errKilled is the one error of a connection after which nobody tries again.
	errKilled = &tls.CertificateVerificationError{Err: errors.New("this process was killed")}
)

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
	if err := c.leave(); err != nil {
		return nil, err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	if c.Intercept != nil {
		if response, err := c.Intercept(request); response != nil || err != nil {
			return response, err
		}
	}
	fault, at := c.fault(request)
	if response, err := c.suffer(fault, request, at); response != nil || err != nil {
		return response, err
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

// leave holds a request back: one of a dead process does not leave it, one of a frozen process does when it is woken.
func (c *Client) leave() error {
	c.mu.Lock()
	thaw := c.thaw
	c.mu.Unlock()
	if thaw != nil {
		<-thaw
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return errKilled
	}
	if c.Away != nil && c.Away() {
		return errAway
	}
	return nil
}

// fault asks what happens to a request, and counts it if it is a write. Dry runs and reviews store nothing.
func (c *Client) fault(request *http.Request) (Fault, location) {
	at, ok := locate(request.URL.Path)
	if !ok || at.kind == nil || at.kind.is(virtual) || request.Method == http.MethodGet || request.URL.Query().Get("dryRun") != "" {
		return None, at
	}
	c.mu.Lock()
	n := c.writes
	c.writes++
	c.mu.Unlock()
	if c.Fault == nil {
		return None, at
	}
	return c.Fault(n, Write{verbOf(request, at), at.ref()}), at
}

// suffer does to a process, or to its request, what a fault does before the server has seen the request.
func (c *Client) suffer(fault Fault, request *http.Request, at location) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch fault {
	case Kill:
		c.dead = true
		return nil, errKilled
	case Freeze:
		thaw := make(chan struct{})
		c.thaw = thaw
		select {
		case <-c.frozen:
		default:
			close(c.frozen)
		}
		c.mu.Unlock()
		<-thaw
		c.mu.Lock()
	case Timeout:
		c.mu.Unlock()
		defer c.mu.Lock()
		return nil, hang(request.Context())
	case Conflict:
		return refuse(request, conflict(at)), nil
	case TooMany:
		return refuse(request, apierrors.NewTooManyRequests("the server has received too many requests and has asked us to try again later", 1)), nil
	case Failing:
		return refuse(request, apierrors.NewInternalError(errors.New("etcdserver: leader changed"))), nil
	case Refused:
		return refuse(request, apierrors.NewBadRequest("refused for this test")), nil
	}
	return nil, nil
}

// hang is a request that nobody answers: it ends with its context, or after a while.
func hang(ctx context.Context) error {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return io.ErrUnexpectedEOF
	}
}
