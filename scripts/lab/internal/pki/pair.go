package pki

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// A Pair names the files of a certificate and its private key, both in PEM.
type Pair struct {
	Cert string
	Key  string
}

func (p Pair) read() (*x509.Certificate, *ecdsa.PrivateKey, error) {
	for _, file := range []string{p.Cert, p.Key} {
		if _, err := os.Stat(file); err != nil {
			return nil, nil, err
		}
	}
	pair, err := tls.LoadX509KeyPair(p.Cert, p.Key) // checks that they belong together
	if err != nil {
		return nil, nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("the key in %q is a %T, not an ECDSA key", p.Key, pair.PrivateKey)
	}
	return pair.Leaf, key, nil
}

// write puts the key first: a certificate without its key must not be found.
func (p Pair) write(cert *x509.Certificate, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.Remove(p.Cert); err != nil && !os.IsNotExist(err) {
		return err
	}
	if _, err := host.Write(p.Key, encode("PRIVATE KEY", der), 0o600); err != nil {
		return err
	}
	_, err = host.Write(p.Cert, encode("CERTIFICATE", cert.Raw), 0o644)
	return err
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
