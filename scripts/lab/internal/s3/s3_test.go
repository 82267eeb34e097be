package s3

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/pki"
)

func TestKeysAreMadeOnce(t *testing.T) {
	s := New(&host.Host{Root: t.TempDir()})
	first, err := s.keys()
	require.NoError(t, err)
	// What ci/secrets asks of them: 16 and 20 characters at least.
	for file, length := range map[string]int{AccessKeyFile(s.host): 16, SecretKeyFile(s.host): 20} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, len(text), length, file)
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), file)
	}

	again, err := s.keys()
	require.NoError(t, err)
	assert.Equal(t, first, again)

	require.NoError(t, os.WriteFile(SecretKeyFile(s.host), []byte("another"), 0o600))
	other, err := s.keys()
	require.NoError(t, err)
	assert.NotEqual(t, first, other, "the server is started again on a new key")
}

func TestAnswersByTheNameThatPodsUse(t *testing.T) {
	authority, err := pki.Open(t.Context(), t.TempDir())
	require.NoError(t, err)
	serve := func(name string, status int) string {
		pair, err := authority.Issue(t.Context(), name, []string{name}, nil)
		require.NoError(t, err)
		certificate, err := tls.LoadX509KeyPair(pair.Cert, pair.Key)
		require.NoError(t, err)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, net.JoinHostPort(Host, port), r.Host)
			w.WriteHeader(status)
		}))
		server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
		server.StartTLS()
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	assert.NoError(t, ask(t.Context(), authority.Transport(serve(Host, http.StatusOK))))
	assert.ErrorContains(t, ask(t.Context(), authority.Transport(serve(Host, http.StatusServiceUnavailable))), "503")
	assert.ErrorContains(t, ask(t.Context(), authority.Transport(serve("other.internal", http.StatusOK))), "other.internal")
}
