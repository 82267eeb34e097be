// Package pki is the lab's certificate authority: one CA certificate that the
// lab's clients trust, and the certificates of its servers.
package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

const (
	caLife   = 10 * 365 * 24 * time.Hour
	leafLife = 365 * 24 * time.Hour

	// renewBefore is how long before its end a certificate is replaced; the
	// lab stays up for less.
	renewBefore = 30 * 24 * time.Hour
)

// An Authority signs certificates. Its files are in a folder of its own:
// ca.crt, ca.key, and a .crt and a .key for each name that it issued for.
type Authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// Load returns the lab's authority, made on the first call. It is made anew
// only when it nears its end; everything that trusts it has to be told then.
func Load(ctx context.Context, h *host.Host) (*Authority, error) {
	return Open(ctx, h.State("pki"))
}

// Open returns an authority beside the lab's, for those who must not trust
// what the lab's signs. Its files are in dir.
func Open(ctx context.Context, dir string) (*Authority, error) {
	return load(ctx, dir, time.Now)
}

func load(ctx context.Context, dir string, now func() time.Time) (*Authority, error) {
	a := &Authority{dir: dir, now: now}
	unlock, err := a.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()

	pair := a.pair("ca")
	a.cert, a.key, err = pair.read()
	switch {
	case err == nil && a.lasts(a.cert):
		return a, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading the lab's certificate authority: %w; remove the folder %q to have a new one", err, dir)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "team-dashboard lab"},
		NotAfter:              now().Add(caLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	a.cert, a.key, err = a.sign(template, pair)
	if err != nil {
		return nil, fmt.Errorf("making the lab's certificate authority: %w", err)
	}
	return a, nil
}

// File is the path of the CA certificate, in PEM.
func (a *Authority) File() string { return a.pair("ca").Cert }

// Certificate is the CA certificate itself.
func (a *Authority) Certificate() *x509.Certificate { return a.cert }

// PEM is the CA certificate as text.
func (a *Authority) PEM() []byte { return encode("CERTIFICATE", a.cert.Raw) }

// Pool trusts this authority and no other.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func (a *Authority) pair(name string) Pair {
	return Pair{Cert: filepath.Join(a.dir, name+".crt"), Key: filepath.Join(a.dir, name+".key")}
}

func (a *Authority) lasts(cert *x509.Certificate) bool {
	return a.now().Add(renewBefore).Before(cert.NotAfter)
}

// lock keeps parts that come up side by side from signing the same name twice.
func (a *Authority) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return nil, err
	}
	return host.Lock(ctx, filepath.Join(a.dir, ".lock"))
}
