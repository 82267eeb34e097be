package pki

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
)

// Transport reaches the server at address by whatever host a request names, if
// this authority signed its certificate for that name. So this machine's own
// name resolution is left as it is.
func (a *Authority) Transport(address string) *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.TLSClientConfig = &tls.Config{RootCAs: a.Pool(), MinVersion: tls.VersionTLS12}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return transport
}
