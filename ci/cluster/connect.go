// Package cluster talks to the Kubernetes API server: it reads, applies, patches and deletes objects, waits for
// Deployments, asks pods and Services over HTTP through the API server, holds the pipeline's lock and keeps its
// records.
//
// client-go does what is hard and security-relevant (certificates, tokens, connections); requests are plain JSON over
// its transport. Its clientset, discovery, REST client and kubeconfig loader are left out on purpose: they compile for
// seconds to minutes, and the module's load time is compile time.
package cluster

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"k8s.io/client-go/transport"
)

// Config says which cluster to talk to, and as whom.
type Config struct {
	// Kubeconfig is the content of a kubeconfig file that carries its credentials itself: no paths, no commands.
	Kubeconfig []byte
	// Context is the kubeconfig's context; empty means its current one.
	Context string
	// Address (host:port) is dialled instead of the kubeconfig's server, for a cluster that listens on the loopback
	// of the caller's machine. The server's certificate is still checked against the kubeconfig's name.
	Address string
}

// Cluster is a connection to one API server. It is safe for concurrent use.
type Cluster struct {
	server *url.URL
	http   *http.Client
	timing timing
	// expires is when the kubeconfig's credentials do; zero when they do not say.
	expires time.Time
	*memory
}

// memory is what a connection has learned of its API server; WithOutageBudget shares it.
type memory struct {
	mu        sync.Mutex
	resources map[string]map[string]resource
	// failed is when a request was last left without an answer.
	failed time.Time
}

// Connect reads the kubeconfig and asks the API server for its core resources, so that an unreachable server and
// refused credentials show up here, in words for the person at the prompt, and not in the middle of a deploy.
func Connect(ctx context.Context, config Config) (*Cluster, error) {
	found, err := loadKubeconfig(config.Kubeconfig, config.Context)
	if err != nil {
		return nil, err
	}
	if config.Address != "" {
		found.dialInstead(config.Address)
	}
	carrier, err := transport.New(&found.transport)
	if err != nil {
		return nil, fmt.Errorf("preparing the connection to %s: %w; check certificates and tokens in the kubeconfig", found.server, err)
	}
	cluster := New(found.server, carrier)
	cluster.expires = found.expires()
	if err := cluster.handshake(ctx); err != nil {
		return nil, explainConnect(found.server, config.Address, err)
	}
	return cluster, nil
}

// New talks to an API server over a carrier that knows how to reach it, such as one in memory.
func New(server *url.URL, carrier http.RoundTripper) *Cluster {
	return newCluster(server, &http.Client{Transport: carrier}, productionTiming)
}

func newCluster(server *url.URL, client *http.Client, timing timing) *Cluster {
	// Redirects are the business of whoever asks: a probe wants to see them, and the API server sends none itself.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Cluster{server: server, http: client, timing: timing, memory: &memory{resources: map[string]map[string]resource{}}}
}

// dialInstead sends every connection to address. The URL keeps the kubeconfig's host, and with it the name that the
// server's certificate is checked against.
func (c *connection) dialInstead(address string) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	c.transport.DialHolder = &transport.DialHolder{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, address)
	}}
	c.transport.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
}

// handshake is the first request. It is sent once: a person at the prompt wants to hear at once that nobody answers.
func (c *Cluster) handshake(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.timing.handshake)
	defer cancel()
	_, err := c.discover(ctx, "v1", once)
	return err
}
