package cluster

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"strings"
	"time"
)

// CredentialsExpire says when the kubeconfig's credentials do: its client certificate, or the token of a service account or
// an identity provider (a JWT), whichever comes first. False when they do not say.
func (c *Cluster) CredentialsExpire() (time.Time, bool) { return c.expires, !c.expires.IsZero() }

func (c *connection) expires() time.Time {
	certificate, token := certificateExpiry(c.transport.TLS.CertData), tokenExpiry(c.transport.BearerToken)
	if certificate.IsZero() || !token.IsZero() && token.Before(certificate) {
		return token
	}
	return certificate
}

// certificateExpiry is that of the first certificate, which is the client's own; those after it are the authorities'.
func certificateExpiry(chain []byte) time.Time {
	block, _ := pem.Decode(chain)
	if block == nil {
		return time.Time{}
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return time.Time{}
	}
	return certificate.NotAfter
}

// tokenExpiry reads a JWT's claim, whose signature is the API server's business.
func tokenExpiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"` // a number of seconds, which may have a fraction (RFC 7519)
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expires <= 0 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}
