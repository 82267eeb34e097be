package cluster

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// discoverable answers like the API server's discovery.
func discoverable(w http.ResponseWriter, r *http.Request) {
	if list, ok := discovery[r.URL.Path]; ok {
		json.NewEncoder(w).Encode(list)
		return
	}
	http.NotFound(w, r)
}

// failing answers everything with the API server's Status document.
func failing(code int, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
	}
}

// newServer is a TLS server that keeps quiet about clients that refuse its certificate.
func newServer(answer http.HandlerFunc) *httptest.Server {
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	return server
}

// kubeconfigFor trusts the server's certificate and calls it by the given URL.
func kubeconfigFor(server *httptest.Server, address string) []byte {
	var authority []byte
	if certificate := server.Certificate(); certificate != nil {
		authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
	}
	cluster := fmt.Sprintf("{server: %q, certificate-authority-data: %q}", address, base64.StdEncoding.EncodeToString(authority))
	return []byte(strings.Replace(goodKubeconfig, `{server: "https://api.example:6443"}`, cluster, 1))
}

func TestConnect(t *testing.T) {
	server := newServer(discoverable)
	defer server.Close()
	cluster, err := Connect(t.Context(), Config{Kubeconfig: kubeconfigFor(server, server.URL+"/")})
	require.NoError(t, err)
	found, err := cluster.resource(t.Context(), "v1", "Pod")
	require.NoError(t, err)
	assert.Equal(t, "/api/v1/namespaces/shop/pods", found.collection("shop"))
}

func TestConnectByAnotherAddress(t *testing.T) {
	server := newServer(discoverable)
	defer server.Close()
	address := server.Listener.Addr().String()

	// The certificate of httptest is for example.com: the name is kept although another address is dialled.
	_, err := Connect(t.Context(), Config{Kubeconfig: kubeconfigFor(server, "https://example.com:6443"), Address: address})
	require.NoError(t, err)

	_, err = Connect(t.Context(), Config{Kubeconfig: kubeconfigFor(server, "https://wrong.example:6443"), Address: address})
	assert.ErrorContains(t, err, "certificate is not the one that the kubeconfig expects")
	assert.ErrorContains(t, err, "by way of "+address)
}

func TestConnectRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	kubeconfig := []byte(strings.Replace(goodKubeconfig, "api.example:6443", address, 1))

	_, err = Connect(t.Context(), Config{Kubeconfig: kubeconfig})
	require.ErrorIs(t, err, ErrUnreachable)
	assert.ErrorContains(t, err, "add --api-server tcp://"+address)

	_, err = Connect(t.Context(), Config{Kubeconfig: kubeconfig, Address: address})
	require.ErrorIs(t, err, ErrUnreachable)
	assert.NotContains(t, err.Error(), "--api-server")
	assert.ErrorContains(t, err, "check the network")
}

func TestConnectExplains(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   []string
	}{
		{"expired credentials", failing(401, "Unauthorized", "Unauthorized"), []string{"refuses the kubeconfig's credentials", "get a new kubeconfig"}},
		{"no rights", failing(403, "Forbidden", `User "system:anonymous" cannot get path "/api/v1"`), []string{"may not even look"}},
		{"another server", http.NotFound, []string{"no Kubernetes API server"}},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, []string{"does not speak the Kubernetes API"}},
		{"restarting", failing(503, "ServiceUnavailable", "starting"), []string{"overloaded or restarting"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(test.answer)
			defer server.Close()
			_, err := Connect(t.Context(), Config{Kubeconfig: kubeconfigFor(server, server.URL), Address: server.Listener.Addr().String()})
			require.Error(t, err)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestConnectToPlainHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(discoverable))
	defer server.Close()
	address := server.Listener.Addr().String()
	_, err := Connect(t.Context(), Config{Kubeconfig: kubeconfigFor(server, "https://"+address)})
	assert.ErrorContains(t, err, "does not speak TLS")
}

func TestHostPort(t *testing.T) {
	for address, want := range map[string]string{
		"https://127.0.0.1:6443": "127.0.0.1:6443",
		"https://localhost":      "localhost:443",
		"http://[::1]":           "[::1]:80",
	} {
		server, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, want, hostPort(server))
		assert.True(t, isLoopback(server))
	}
}
