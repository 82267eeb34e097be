package cluster

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
)

const goodKubeconfig = `
apiVersion: v1
kind: Config
current-context: shop
clusters:
- name: shop
  cluster: {server: "https://api.example:6443"}
- name: other
  cluster: {server: "https://other.example:6443"}
contexts:
- name: shop
  context: {cluster: shop, user: ada}
- name: other
  context: {cluster: other, user: ada}
users:
- name: ada
  user: {token: secret}
`

func TestLoadKubeconfig(t *testing.T) {
	loaded, err := loadKubeconfig([]byte(goodKubeconfig), "")
	require.NoError(t, err)
	assert.Equal(t, "https://api.example:6443", loaded.server.String())
	assert.Equal(t, "secret", loaded.transport.BearerToken)

	loaded, err = loadKubeconfig([]byte(goodKubeconfig), "other")
	require.NoError(t, err)
	assert.Equal(t, "https://other.example:6443", loaded.server.String())
}

// clientcmd is how kubectl reads the same file.
func TestLoadKubeconfigAsKubectlDoes(t *testing.T) {
	for _, fields := range []struct{ cluster, user string }{
		{`server: "https://api.example:6443/below"`, "token: secret"},
		{`server: "https://api.example", certificate-authority-data: Y2E=, tls-server-name: kubernetes`, "client-certificate-data: Y2VydA==, client-key-data: a2V5"},
		{`server: "https://api.example", insecure-skip-tls-verify: true, disable-compression: true`, "username: ada, password: secret"},
		{`server: "https://api.example"`, "token: secret, as: grace, as-uid: '7', as-groups: [crew], as-user-extra: {why: [because]}"},
	} {
		content := strings.Replace(goodKubeconfig, `server: "https://api.example:6443"`, fields.cluster, 1)
		content = strings.Replace(content, "token: secret", fields.user, 1)
		kubectl, err := clientcmd.RESTConfigFromKubeConfig([]byte(content))
		require.NoError(t, err)
		want, err := kubectl.TransportConfig()
		require.NoError(t, err)
		want.UserAgent = "team-dashboard-pipeline"

		loaded, err := loadKubeconfig([]byte(content), "")
		require.NoError(t, err)
		assert.Equal(t, kubectl.Host, loaded.server.String())
		assert.Equal(t, *want, loaded.transport)
	}
}

func TestLoadKubeconfigThroughAProxy(t *testing.T) {
	content := strings.Replace(goodKubeconfig, `{server: "https://api`, `{proxy-url: "http://proxy.example:3128", server: "https://api`, 1)
	loaded, err := loadKubeconfig([]byte(content), "")
	require.NoError(t, err)
	proxy, err := loaded.transport.Proxy(httptest.NewRequest(http.MethodGet, loaded.server.String(), nil))
	require.NoError(t, err)
	assert.Equal(t, "http://proxy.example:3128", proxy.String())
}

func TestLoadKubeconfigRefuses(t *testing.T) {
	without := func(old, new string) string { return strings.Replace(goodKubeconfig, old, new, 1) }
	tests := []struct {
		name       string
		kubeconfig string
		context    string
		want       []string
	}{
		{"empty", " \n", "", []string{"it is empty", "--kubeconfig"}},
		{"not YAML", "{", "", []string{"reading the kubeconfig", "YAML"}},
		{"something else", "apiVersion: v1\nkind: Config\n", "", []string{"names no cluster"}},
		{"no current context", without("current-context: shop", ""), "", []string{"no current context", "other, shop"}},
		{"unknown context", goodKubeconfig, "prod", []string{`context "prod" does not exist`, "other, shop"}},
		{"no server", without(`{server: "https://api.example:6443"}`, "{}"), "", []string{`cluster "shop"`, "has no server"}},
		{"unknown user", without("user: ada}", "user: bob}"), "", []string{`user "bob"`, "does not exist"}},
		{"authority file", without(`{server: "https://api`, `{certificate-authority: /home/ada/ca.crt, server: "https://api`), "",
			[]string{"/home/ada/ca.crt", "--flatten"}},
		{"certificate file", without("{token: secret}", "{client-certificate: /home/ada/tls.crt, client-key: /home/ada/tls.key}"), "",
			[]string{"client-certificate", "/home/ada/tls.crt", "--flatten"}},
		{"token file", without("{token: secret}", "{tokenFile: /run/token}"), "", []string{"tokenFile", "/run/token", "--flatten"}},
		{"command", without("{token: secret}", "{exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, interactiveMode: Never}}"), "",
			[]string{`command "aws"`, "kubectl create token"}},
		{"half a certificate", without("{token: secret}", "{client-certificate-data: c2VjcmV0}"), "", []string{"client-key-data", "--flatten"}},
		{"server is no URL", without("https://api.example:6443", "https://"), "", []string{`cluster "shop"`, "https://host:port"}},
		{"proxy is no URL", without(`{server: "https://api`, `{proxy-url: nowhere, server: "https://api`), "", []string{`cluster "shop"`, "proxy-url"}},
		{"auth provider", without("{token: secret}", "{auth-provider: {name: gcp}}"), "", []string{`"gcp"`, "kubectl create token"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := loadKubeconfig([]byte(test.kubeconfig), test.context)
			require.Error(t, err)
			for _, want := range test.want {
				assert.ErrorContains(t, err, want)
			}
			assert.NotContains(t, err.Error(), "secret")
		})
	}
}
