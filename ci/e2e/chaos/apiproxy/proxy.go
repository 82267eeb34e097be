// Package apiproxy is an API server for one run of the pipeline: it hands everything on to the real one, counts what the
// run writes, knows by the run's journal which step it is at, and lets a test hold, fail or lose the n-th write of a step.
package apiproxy

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// Verdict is what becomes of a write.
type Verdict int

const (
	// Pass hands it on.
	Pass Verdict = iota
	// Conflict, Throttle and Fail answer it with 409, 429 or 500 and do not hand it on.
	Conflict
	Throttle
	Fail
	// Hang does not hand it on and does not answer, until the run gives up.
	Hang
	// LoseAnswer hands it on and breaks the connection in place of the answer.
	LoseAnswer
	// Cut breaks the connection and does not hand it on.
	Cut
)

// Hook decides on each write, and may take its time: the write is held meanwhile, and other requests pass. The context
// ends when the run hangs up.
type Hook func(context.Context, Write) Verdict

const (
	// longestHang is after what time a run that waits without an end is let go.
	longestHang = 2 * time.Minute
	// longestDelivery exceeds every time that an API server is stopped for.
	longestDelivery = 6 * time.Minute
)

// maxBody bounds a request, in bytes; the API server's own bound is 3 MiB.
const maxBody = 16 << 20

// Upstream is the real API server.
type Upstream struct {
	URL *url.URL
	// Transport authenticates with the rights that the run shall have.
	Transport http.RoundTripper
}

// Proxy serves one run.
type Proxy struct {
	upstream  Upstream
	name      string
	token     string
	authority *Authority
	hook      Hook
	counter   counter
	listener  net.Listener
	server    *http.Server
	forward   *httputil.ReverseProxy
}

// Listen serves on a free port of an address. The run's name becomes the user agent of its requests, by which the audit
// log tells runs apart.
func Listen(address, name string, upstream Upstream, authority *Authority, hook Hook) (*Proxy, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		return nil, fmt.Errorf("listening for run %s: %w", name, err)
	}
	certificate, err := authority.issue(address)
	if err != nil {
		return nil, err
	}
	p := &Proxy{upstream: upstream, name: name, token: rand.Text(), authority: authority, hook: hook, listener: listener}
	p.forward = &httputil.ReverseProxy{
		Rewrite:       p.rewrite,
		Transport:     upstream.Transport,
		FlushInterval: -1, // logs and watches
		// What the real one does not answer is not answered here either.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     silent,
	}
	p.server = &http.Server{
		Handler:           p,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          silent,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			// A lost answer costs its connection, which must not be that of other requests.
			NextProtos: []string{"http/1.1"},
		},
	}
	go func() { _ = p.server.ServeTLS(listener, "", "") }()
	return p, nil
}

// Broken connections are what this is for, and not news.
var silent = log.New(io.Discard, "", 0)

// Address is where the proxy listens.
func (p *Proxy) Address() *net.TCPAddr { return p.listener.Addr().(*net.TCPAddr) }

// Writes are those that were seen so far.
func (p *Proxy) Writes() []Write { return p.counter.all() }

// Close ends the proxy and every connection to it.
func (p *Proxy) Close() error { return p.server.Close() }

func (p *Proxy) rewrite(request *httputil.ProxyRequest) {
	request.SetURL(p.upstream.URL)
	request.Out.Host = ""
	request.Out.Header.Del("Authorization")
	request.Out.Header.Set("User-Agent", p.name)
}

func (p *Proxy) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if subtle.ConstantTimeCompare([]byte(request.Header.Get("Authorization")), []byte("Bearer "+p.token)) != 1 {
		http.Error(response, "unknown token", http.StatusUnauthorized)
		return
	}
	if request.Method == http.MethodGet || request.Header.Get("Upgrade") != "" {
		p.forward.ServeHTTP(response, request)
		return
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	write, counted := p.counter.note(request, body)
	if !counted {
		p.forward.ServeHTTP(response, request)
		return
	}
	p.answer(response, request, p.hook(request.Context(), write))
}

// answer does with a write as it was decided.
func (p *Proxy) answer(response http.ResponseWriter, request *http.Request, verdict Verdict) {
	switch verdict {
	case Pass:
		p.deliver(response, request)
	case Conflict:
		refuse(response, http.StatusConflict, "Conflict", "the object has been modified; please apply your changes to the latest version and try again")
	case Throttle:
		response.Header().Set("Retry-After", "1")
		refuse(response, http.StatusTooManyRequests, "TooManyRequests", "the server has received too many requests and has asked us to try again later")
	case Fail:
		refuse(response, http.StatusInternalServerError, "InternalError", "an error on the server has prevented the request from succeeding")
	case Hang:
		select {
		case <-request.Context().Done():
		case <-time.After(longestHang):
		}
		panic(http.ErrAbortHandler)
	case LoseAnswer:
		p.deliver(nowhere{}, request)
		panic(http.ErrAbortHandler)
	case Cut:
		panic(http.ErrAbortHandler)
	}
}

// deliver hands a write on. A run that was held too long has hung up, or is dead; its request is on its way nevertheless.
func (p *Proxy) deliver(response http.ResponseWriter, request *http.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(request.Context()), longestDelivery)
	defer cancel()
	p.forward.ServeHTTP(response, request.WithContext(ctx))
}

// refuse answers as an API server does: https://kubernetes.io/docs/reference/using-api/api-concepts/
func refuse(response http.ResponseWriter, code int, reason, message string) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(code)
	fmt.Fprintf(response, `{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
}

// nowhere takes an answer that nobody gets.
type nowhere struct{}

func (nowhere) Header() http.Header            { return http.Header{} }
func (nowhere) Write(text []byte) (int, error) { return len(text), nil }
func (nowhere) WriteHeader(int)                {}
