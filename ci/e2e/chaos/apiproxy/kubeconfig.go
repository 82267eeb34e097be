package apiproxy

import (
	"encoding/base64"
	"fmt"
)

// Kubeconfig is what the run is given: it leads to the proxy, and opens nothing else.
func (p *Proxy) Kubeconfig() []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: proxy
contexts:
- name: proxy
  context: {cluster: proxy, user: proxy}
clusters:
- name: proxy
  cluster:
    server: https://%s
    certificate-authority-data: %s
users:
- name: proxy
  user: {token: %s}
`, p.Address(), base64.StdEncoding.EncodeToString(p.authority.PEM()), p.token)
}
