//go:build e2e

package e2e

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const stagingHost = "staging.team-dashboard.app"

// TestGateway takes staging, as the journey left it, from the Ingress to a Gateway and back, under load.
func TestGateway(t *testing.T) {
	file, release := v2.release(t)
	withCertificate(t, staging)

	part(t, "the Gateway takes the place of the Ingress", func(t *testing.T) {
		book := underLoad(t, stagingHost)
		deploy(t, "staging", file, "--manifests", withComponents(t, "staging", "gateway-api"))
		assert.Equal(t, []string{"Gateway", "HTTPRoute", "HTTPRoute"}, waysInto(t, staging))
		requireAnswer(t, stagingHost, release.Version)
		assert.Equal(t, "https://"+stagingHost+"/api/health", redirected(t, "http://"+stagingHost+"/api/health"))
		assert.Empty(t, failures(book.end()), "a user saw a failed request")
	})

	part(t, "and the Ingress that of the Gateway", func(t *testing.T) {
		book := underLoad(t, stagingHost)
		deploy(t, "staging", file)
		assert.Equal(t, []string{"Ingress"}, waysInto(t, staging))
		requireAnswer(t, stagingHost, release.Version)
		assert.Empty(t, failures(book.end()), "a user saw a failed request")
	})
}

// The components are accepted by the API server, whose schemas are those of their projects.
func TestComponentsFitTheirProjectsSchemas(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		folder := withComponents(t, environment, "cert-manager", "gateway-api")
		out := kubectl(t, "apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", filepath.Join(folder, "environments", environment, "platform"))
		for _, kind := range []string{"gateway.gateway.networking.k8s.io", "httproute.gateway.networking.k8s.io", "certificate.cert-manager.io", "issuer.cert-manager.io"} {
			assert.Contains(t, out, kind+"/")
		}
	}
}

// withComponents copies the manifests and switches components on in an environment.
func withComponents(t testing.TB, environment string, components ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "k8s")
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join(repository(t), "k8s"))))
	path := filepath.Join(folder, "environments", environment, "platform", "kustomization.yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := "\ncomponents:\n"
	for _, component := range components {
		lines += "  - ../../../components/" + component + "\n"
	}
	write(t, path, string(text)+lines)
	return folder
}

// withCertificate gives a namespace the certificate of its front door, the one that the lab's controller has.
func withCertificate(t testing.TB, namespace string) {
	t.Helper()
	var secret map[string]any
	require.NoError(t, json.Unmarshal([]byte(kubectl(t, "-n", "ingress-nginx", "get", "secret", "default-certificate", "-o", "json")), &secret))
	secret["metadata"] = map[string]any{"name": "dashboard-tls", "namespace": namespace}
	data, err := json.Marshal(secret)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "certificate.json")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	kubectl(t, "apply", "--filename", file)
}

// waysInto lists the kinds of the objects by which requests come into a namespace.
func waysInto(t testing.TB, namespace string) []string {
	t.Helper()
	var list struct {
		Items []struct {
			Kind string `json:"kind"`
		} `json:"items"`
	}
	text := kubectl(t, "-n", namespace, "get", "gateways.gateway.networking.k8s.io,httproutes.gateway.networking.k8s.io,ingresses.networking.k8s.io", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	var kinds []string
	for _, item := range list.Items {
		kinds = append(kinds, item.Kind)
	}
	return kinds
}

// redirected is where a request without encryption is sent to.
func redirected(t testing.TB, url string) string {
	t.Helper()
	client := doorClient(t, true)
	host, _, err := net.SplitHostPort(ingress)
	require.NoError(t, err)
	client.Transport.(*http.Transport).DialContext = dialTo(net.JoinHostPort(host, "80"))
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(url)
	require.NoError(t, err)
	_ = response.Body.Close()
	require.Equal(t, http.StatusMovedPermanently, response.StatusCode)
	return response.Header.Get("Location")
}
