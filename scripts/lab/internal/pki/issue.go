package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"time"
)

// Issue returns the files of a certificate for a server with these DNS names
// and addresses. What an earlier call issued under that name is kept as long
// as it says the same, is signed by this authority and does not near its end.
func (a *Authority) Issue(ctx context.Context, name string, dnsNames []string, ips []net.IP) (Pair, error) {
	return a.issue(ctx, name, &x509.Certificate{
		Subject:     pkix.Name{CommonName: name},
		DNSNames:    dnsNames,
		IPAddresses: ips,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// IssueClient returns the files of a certificate by which a client shows who
// it is. To Kubernetes the subject's common name is the user, its
// organizations are the groups. It is kept like a server's.
func (a *Authority) IssueClient(ctx context.Context, name string, subject pkix.Name) (Pair, error) {
	return a.issue(ctx, name, &x509.Certificate{
		Subject:     subject,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// issue keeps the certificate under that name, or makes one by the template.
func (a *Authority) issue(ctx context.Context, name string, template *x509.Certificate) (Pair, error) {
	unlock, err := a.lock(ctx)
	if err != nil {
		return Pair{}, err
	}
	defer unlock()

	pair := a.pair(name)
	cert, _, err := pair.read()
	switch {
	case err == nil && a.lasts(cert) && a.signed(cert) && says(cert, template):
		return pair, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Pair{}, fmt.Errorf("reading the certificate %q: %w; remove it to have a new one", name, err)
	}
	template.NotAfter = a.now().Add(leafLife)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if _, _, err := a.sign(template, pair); err != nil {
		return Pair{}, fmt.Errorf("issuing the certificate %q: %w", name, err)
	}
	return pair, nil
}

func (a *Authority) signed(cert *x509.Certificate) bool {
	return cert.CheckSignatureFrom(a.cert) == nil
}

func says(cert, template *x509.Certificate) bool {
	return cert.Subject.String() == template.Subject.String() &&
		slices.Equal(cert.DNSNames, template.DNSNames) &&
		slices.EqualFunc(cert.IPAddresses, template.IPAddresses, net.IP.Equal) &&
		slices.Equal(cert.ExtKeyUsage, template.ExtKeyUsage)
}

// sign makes a key, signs a certificate over it by the template and writes
// both. The authority's own certificate is the one that it signs itself.
func (a *Authority) sign(template *x509.Certificate, pair Pair) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	// Clocks of machines that check the certificate may be a little behind.
	template.NotBefore = a.now().Add(-time.Hour)
	parent, parentKey := a.cert, a.key
	if template.IsCA {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	return cert, key, pair.write(cert, key)
}
