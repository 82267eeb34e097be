// Package image talks to the image registry: it resolves tags to digests,
// checks that a release's images are there for every platform, brings what a builder
// pushed into its canonical form, gives it its version and moves tags. Images are content: the same one
// has the same digest whenever it was built, and is uploaded once.
package image

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Platforms are those that every image of a release is built for.
var Platforms = []string{"linux/amd64", "linux/arm64"}

// Options say how to reach a registry. The zero value reads public images.
type Options struct {
	// Username and Password authenticate; both empty for anonymous access. For
	// ghcr.io the password is a token.
	Username, Password string
	// Host is the registry that they are for, such as ghcr.io; no other one sees
	// them. Empty means every registry.
	Host string
	// CA is a PEM bundle to trust besides the system's.
	CA []byte
	// Transport replaces the default one, and CA with it.
	Transport http.RoundTripper
	// Retry is for failures that pass: lost connections, 408 and 5xx answers.
	// The zero value means DefaultRetry.
	Retry Retry
	// Silence is how long a request may stand still, with nothing sent or received,
	// before it fails as ErrUnreachable. Zero means DefaultSilence.
	Silence time.Duration
}

// Retry says how often and how patiently a request is made.
type Retry struct {
	// Attempts counts the first one too.
	Attempts int
	// Delay is the wait after the first failure; each further wait is Factor
	// times longer.
	Delay  time.Duration
	Factor float64
}

// DefaultRetry gives up after about 13 seconds of waiting, enough for a
// registry's front end to fail over.
func DefaultRetry() Retry {
	return Retry{Attempts: 4, Delay: time.Second, Factor: 3}
}

// Registry reads and writes images. It is safe for concurrent use.
type Registry struct {
	username    string
	credentials credentials
	transport   http.RoundTripper
	options     []remote.Option
	puller      *remote.Puller
}

// concurrency bounds how many images, and how many blobs of an image, are
// handled at once.
const concurrency = 4

// New returns a Registry, or an error if the CA holds no certificate or only
// half of the credentials is given. It does not connect.
func New(options Options) (*Registry, error) {
	if (options.Username == "") != (options.Password == "") {
		return nil, errors.New("registry credentials are incomplete: give both --registry-username and --registry-password (for ghcr.io a token), or neither")
	}
	transport, err := transportFor(options)
	if err != nil {
		return nil, err
	}
	transport = attentive{transport, cmp.Or(options.Silence, DefaultSilence)}
	retry := options.Retry
	if retry == (Retry{}) {
		retry = DefaultRetry()
	}
	registry := &Registry{username: options.Username, credentials: credentials{options.Host, authenticator(options)}, transport: transport}
	registry.options = []remote.Option{
		remote.WithJobs(concurrency),
		remote.WithRetryBackoff(remote.Backoff{Steps: retry.Attempts, Duration: retry.Delay, Factor: retry.Factor}),
		remote.WithAuthFromKeychain(registry.credentials),
		remote.WithTransport(transport),
	}
	// One puller for all reads, since it keeps the tokens that it was given.
	registry.puller, err = remote.NewPuller(registry.options...)
	return registry, err
}

// credentials are the same for every repository of their registry.
type credentials struct {
	host          string
	authenticator authn.Authenticator
}

// Resolve makes them an authn.Keychain.
func (c credentials) Resolve(registry authn.Resource) (authn.Authenticator, error) {
	if c.host != "" && c.host != registry.RegistryStr() {
		return authn.Anonymous, nil
	}
	return c.authenticator, nil
}

func authenticator(options Options) authn.Authenticator {
	if options.Username == "" {
		return authn.Anonymous
	}
	return &authn.Basic{Username: options.Username, Password: options.Password}
}

func transportFor(options Options) (http.RoundTripper, error) {
	if options.Transport != nil {
		return options.Transport, nil
	}
	transport := remote.DefaultTransport.(*http.Transport).Clone()
	if len(options.CA) == 0 {
		return transport, nil
	}
	// Where there is no system pool, the bundle alone is trusted.
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(options.CA) {
		return nil, errors.New("reading the registry's CA: no certificate in it; give a PEM file")
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	return transport, nil
}
