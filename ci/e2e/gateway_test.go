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

// TestGateway takes production from the Ingress to a Gateway, there from one slot to the other, and back to the Ingress,
// with users who see nothing of all that.
func TestGateway(t *testing.T) {
	const host = "team-dashboard.app"
	first, release1 := v1.release(t)
	second, release2 := v2.release(t)
	deploy(t, "production", second, "--watch", "0s")
	withCertificate(t, production)
	t.Cleanup(func() { deploy(t, "production", second, "--watch", "0s") }) // changes nothing, unless a part failed
	book := underLoad(t, host)

	part(t, "a Gateway takes the place of the Ingress", func(t *testing.T) {
		mustCall(t, "--manifests", withComponents(t, "production", "gateway-api"), "deploy", "--env", "production", "--release-file", first, "--watch", "0s")
		assert.Equal(t, []string{"Gateway/dashboard-gateway", "HTTPRoute/dashboard", "HTTPRoute/dashboard-redirect"}, waysInto(t, production))
		requireAnswer(t, host, release1.Version)
		assert.Equal(t, "https://"+host+"/api/health", redirected(t, "http://"+host+"/api/health"))
	})

	part(t, "the other slot takes the traffic of the Gateway", func(t *testing.T) {
		before := liveSlot(t)
		mustCall(t, "rollback", "--env", "production")
		assert.Equal(t, other(before), liveSlot(t))
		requireAnswer(t, host, release2.Version)
	})

	part(t, "and the Ingress takes the place of the Gateway", func(t *testing.T) {
		deploy(t, "production", second, "--watch", "0s")
		assert.Equal(t, []string{"Ingress/dashboard-ingress"}, waysInto(t, production))
		requireAnswer(t, host, release2.Version)
	})

	entries := book.Stop()
	t.Logf("%d requests", len(entries))
	assert.Greater(t, len(entries), 500, "the load was no load")
	assert.Empty(t, failures(entries), "a user saw a failed request")
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

// withCertificate gives a namespace the certificate of its front door, the one that the lab's controller has, for the
// time of a test.
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
	t.Cleanup(func() { kubectl(t, "-n", namespace, "delete", "secret", "dashboard-tls") })
}

// waysInto lists the objects by which requests come into a namespace.
func waysInto(t testing.TB, namespace string) []string {
	t.Helper()
	var list struct {
		Items []struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		} `json:"items"`
	}
	text := kubectl(t, "-n", namespace, "get", "gateways.gateway.networking.k8s.io,httproutes.gateway.networking.k8s.io,ingresses.networking.k8s.io", "-o", "json")
	require.NoError(t, json.Unmarshal([]byte(text), &list))
	var found []string
	for _, item := range list.Items {
		found = append(found, item.Kind+"/"+item.Metadata.Name)
	}
	return found
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
