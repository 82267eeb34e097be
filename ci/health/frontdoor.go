package health

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// FrontDoorOptions say how to reach an environment as its users do.
type FrontDoorOptions struct {
	// URL is the environment's, without a trailing slash.
	URL string
	// Resolve maps host names to addresses, with or without a port, for names that
	// are not public yet (see ParseResolve).
	Resolve map[string]string
	// CA is a PEM bundle to trust besides the system's.
	CA []byte
	// Timeout bounds each request; zero means DefaultTimeout.
	Timeout time.Duration
	// Transport answers instead of the network, for tests; nil means the network.
	Transport http.RoundTripper
}

// DefaultTimeout is above every threshold of response time, so that a slow answer
// is seen as slow and not as missing.
const DefaultTimeout = 10 * time.Second

// maxBody bounds how much of an answer is kept, in bytes.
const maxBody = 1 << 20

// FrontDoor asks an environment's public URL, each time on a new connection: a
// kept one would go on reaching whichever pod it reached first.
type FrontDoor struct {
	url    string
	client *http.Client
}

// NewFrontDoor returns an error if the URL or the CA cannot be used. It does not connect.
func NewFrontDoor(options FrontDoorOptions) (*FrontDoor, error) {
	if parsed, err := url.Parse(options.URL); err != nil || parsed.Host == "" {
		return nil, fmt.Errorf("reading the environment's URL %q: not of the form https://host", options.URL)
	}
	transport := options.Transport
	if transport == nil {
		var err error
		if transport, err = options.network(); err != nil {
			return nil, err
		}
	}
	return &FrontDoor{url: strings.TrimSuffix(options.URL, "/"), client: &http.Client{
		Transport: transport,
		Timeout:   cmp.Or(options.Timeout, DefaultTimeout),
		// A redirect is an answer to be judged, not to be followed.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// network connects anew for each request, as the options say.
func (o FrontDoorOptions) network() (*http.Transport, error) {
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext:       dialResolved(o.Resolve),
		Proxy: func(request *http.Request) (*url.URL, error) {
			if _, ok := o.Resolve[request.URL.Hostname()]; ok {
				return nil, nil
			}
			return http.ProxyFromEnvironment(request)
		},
	}
	if len(o.CA) == 0 {
		return transport, nil
	}
	// Where there is no system pool, the bundle alone is trusted.
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(o.CA) {
		return nil, errors.New("reading the front door's CA: no certificate in it; give a PEM file")
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	return transport, nil
}

// dialResolved is what curl's --resolve does: only the address changes, while
// TLS and the Host header keep the name.
func dialResolved(resolve map[string]string) func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: DefaultTimeout}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if target, ok := resolve[host]; ok {
			address = target
			if _, _, err := net.SplitHostPort(target); err != nil {
				address = net.JoinHostPort(target, port)
			}
		}
		return dialer.DialContext(ctx, network, address)
	}
}

// ParseResolve reads pairs of the form host=address, such as
// team-dashboard.app=10.0.0.7 or team-dashboard.app=127.0.0.1:8443.
func ParseResolve(pairs []string) (map[string]string, error) {
	resolve := map[string]string{}
	for _, pair := range pairs {
		host, address, _ := strings.Cut(strings.TrimSpace(pair), "=")
		bare := address
		if withoutPort, _, err := net.SplitHostPort(address); err == nil {
			bare = withoutPort
		}
		if host == "" || net.ParseIP(bare) == nil {
			return nil, fmt.Errorf("reading %q: not of the form host=address, such as team-dashboard.app=10.0.0.7", pair)
		}
		resolve[host] = address
	}
	return resolve, nil
}

// Get asks for a path on a new connection. An error means that no answer came;
// an answer of any status is none.
func (f *FrontDoor) Get(ctx context.Context, path string) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+path, nil)
	if err != nil {
		return Answer{}, err
	}
	start := time.Now()
	response, err := f.client.Do(request)
	if err != nil {
		return Answer{}, unanswered(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return Answer{}, fmt.Errorf("reading the answer of %s: %w", f.url+path, err)
	}
	return answerOf(response.StatusCode, response.Header, body, time.Since(start)), nil
}

// unanswered adds what to do to the failures that have a usual cause.
func unanswered(err error) error {
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return fmt.Errorf("%w; if the name is not public yet, say where it is with --resolve %s=ADDRESS", err, name.Name)
	case errors.As(err, &certificate):
		return fmt.Errorf("%w; if its authority is not a public one, give it with --ca", err)
	}
	return err
}
