package pki

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	names = []string{"ghcr.io", "docker.io"}
	ips   = []net.IP{net.IPv4(10, 99, 0, 2)}
)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func issue(t *testing.T, dir string, now time.Time, dnsNames []string) *x509.Certificate {
	t.Helper()
	ctx := context.Background()
	a, err := load(ctx, dir, at(now))
	require.NoError(t, err)
	pair, err := a.Issue(ctx, "registry", dnsNames, ips)
	require.NoError(t, err)
	cert, _, err := pair.read()
	require.NoError(t, err)
	return cert
}

func TestClientsTrustWhatTheAuthorityIssued(t *testing.T) {
	ctx := context.Background()
	a, err := load(ctx, t.TempDir(), time.Now)
	require.NoError(t, err)
	pair, err := a.Issue(ctx, "registry", names, ips)
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	certificate, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
	require.NoError(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	defer server.Close()

	for name, trusted := range map[string]bool{"ghcr.io": true, "docker.io": true, "10.99.0.2": true, "quay.io": false} {
		conn, err := tls.Dial("tcp", server.Listener.Addr().String(), &tls.Config{RootCAs: a.Pool(), ServerName: name})
		if !trusted {
			assert.Error(t, err, name)
			continue
		}
		if assert.NoError(t, err, name) {
			conn.Close()
		}
	}
}

func TestIssueKeepsACertificateAsLongAsItServes(t *testing.T) {
	now := time.Now()
	other := []string{"ghcr.io"}
	tests := []struct {
		name  string
		later time.Duration
		names []string
		spoil func(t *testing.T, dir string)
		kept  bool
	}{
		{name: "at once", names: names, kept: true},
		{name: "a month before its last month", later: leafLife - renewBefore - time.Hour, names: names, kept: true},
		{name: "in its last month", later: leafLife - renewBefore + time.Hour, names: names},
		{name: "with other names", names: other},
		{name: "without its key", names: names, spoil: func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(dir+"/registry.key"))
		}},
		{name: "under a new authority", names: names, spoil: func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(dir+"/ca.key"))
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			first := issue(t, dir, now, names)
			if test.spoil != nil {
				test.spoil(t, dir)
			}
			second := issue(t, dir, now.Add(test.later), test.names)
			assert.Equal(t, test.kept, first.Equal(second))
			assert.Equal(t, test.names, second.DNSNames)
		})
	}
}

func TestClientsShowWhoTheyAre(t *testing.T) {
	ctx := context.Background()
	a, err := load(ctx, t.TempDir(), time.Now)
	require.NoError(t, err)
	subject := pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}
	pair, err := a.IssueClient(ctx, "admin", subject)
	require.NoError(t, err)
	first, _, err := pair.read()
	require.NoError(t, err)
	_, err = first.Verify(x509.VerifyOptions{Roots: a.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	assert.NoError(t, err)
	assert.Equal(t, "CN=admin,O=system:masters", first.Subject.String())

	subject.Organization = nil
	_, err = a.IssueClient(ctx, "admin", subject)
	require.NoError(t, err)
	second, _, err := pair.read()
	require.NoError(t, err)
	assert.Equal(t, "CN=admin", second.Subject.String(), "rights were taken away")
}

func TestLoadKeepsTheAuthorityUntilItNearsItsEnd(t *testing.T) {
	ctx, dir, now := context.Background(), t.TempDir(), time.Now()
	first, err := load(ctx, dir, at(now))
	require.NoError(t, err)
	again, err := load(ctx, dir, at(now.Add(caLife-renewBefore-time.Hour)))
	require.NoError(t, err)
	assert.Equal(t, string(first.PEM()), string(again.PEM()))
	anew, err := load(ctx, dir, at(now.Add(caLife-renewBefore+time.Hour)))
	require.NoError(t, err)
	assert.NotEqual(t, string(first.PEM()), string(anew.PEM()))
}

func TestLoadRefusesABrokenAuthority(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	a, err := load(ctx, dir, time.Now)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(a.File(), []byte("no certificate"), 0o644))
	_, err = load(ctx, dir, time.Now)
	assert.ErrorContains(t, err, "remove the folder \""+dir+"\"")
}

func TestPrivateKeysAreForTheirOwnerOnly(t *testing.T) {
	dir := t.TempDir()
	issue(t, dir, time.Now(), names)
	for _, name := range []string{"ca.key", "registry.key"} {
		info, err := os.Stat(dir + "/" + name)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
}
