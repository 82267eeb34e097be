package addons

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/kube"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/s3"
)

const (
	patience = 3 * time.Minute // from images in the registry to pods at work
	tryEvery = 200 * time.Millisecond
	tryFor   = 2 * time.Second
)

// A check uses an add-on as its clients do. The state of its pods would say
// less: after a restart of the node, the API server still tells the old one.
type check struct {
	name string
	try  func(context.Context) error
}

func (a *Addons) checks() []check {
	return []check{
		{"CoreDNS", a.resolves},
		{"metrics-server", a.measures},
		{"Traefik", a.serves},
		{"Gateway API", a.accepts},
	}
}

func (c check) works(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	return c.try(ctx)
}

func wait(ctx context.Context, c check) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := c.works(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it does not work after %s: %w; \"kubectl get pods -A\" may tell why", patience, err)
		case <-time.After(tryEvery):
		}
	}
}

// resolves asks CoreDNS for a name that every cluster has, and for one that
// only this one's has.
func (a *Addons) resolves(ctx context.Context) error {
	resolver := net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(kube.DNSAddress, "53"))
	}}
	for _, name := range []string{"kubernetes.default.svc.cluster.local.", s3.Host + "."} {
		if _, err := resolver.LookupHost(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// measures asks, through the API server, for the figures of nodes.
func (a *Addons) measures(ctx context.Context) error {
	_, err := kube.NewAPI(a.host).Get(ctx, "/apis/metrics.k8s.io/v1beta1/nodes")
	return err
}

// serves asks the ingress for a certificate that clients of the lab trust.
func (a *Addons) serves(ctx context.Context) error {
	authority, err := pki.Load(ctx, a.host)
	if err != nil {
		return err
	}
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: authority.Pool(), ServerName: ingressNames[0]}}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(ingressAddress, "443"))
	var unknown *tls.CertificateVerificationError
	if errors.As(err, &unknown) {
		return fmt.Errorf("its certificate is not the lab's: %w", err)
	}
	if err != nil {
		return err
	}
	return conn.Close()
}
