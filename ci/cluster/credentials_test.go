package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/transport"
)

func certificate(t *testing.T, expires time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: expires}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func jwt(claims string) string {
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJl"
}

func TestCredentialsExpire(t *testing.T) {
	soon, late := time.Unix(1_800_000_000, 0), time.Unix(1_900_000_000, 0)
	for _, test := range []struct {
		name        string
		certificate []byte
		token       string
		want        time.Time
	}{
		{"a certificate", certificate(t, soon), "", soon},
		{"a certificate and its authority", append(certificate(t, soon), certificate(t, late)...), "", soon},
		{"a token", nil, jwt(`{"exp":1800000000}`), soon},
		{"a token with a fraction", nil, jwt(`{"exp":1800000000.75}`), soon},
		{"both, the token first", certificate(t, late), jwt(`{"exp":1800000000}`), soon},
		{"both, the certificate first", certificate(t, soon), jwt(`{"exp":1900000000}`), soon},
		{"a token that does not say", nil, jwt(`{"sub":"ada"}`), time.Time{}},
		{"a token that is no JWT", nil, "abc.def", time.Time{}},
		{"a token of three parts that is none", nil, "a.b!.c", time.Time{}},
		{"a certificate that cannot be read", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "", time.Time{}},
		{"nothing", nil, "", time.Time{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := &connection{transport: transport.Config{BearerToken: test.token, TLS: transport.TLSConfig{CertData: test.certificate}}}
			expires, ok := (&Cluster{expires: found.expires()}).CredentialsExpire()
			assert.Equal(t, !test.want.IsZero(), ok)
			assert.True(t, test.want.Equal(expires), "%s", expires)
		})
	}
}
