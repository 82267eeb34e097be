package kube

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
)

func issued(t *testing.T) (*host.Host, *identities) {
	t.Helper()
	h := &host.Host{Root: t.TempDir()}
	ids, err := issueIdentities(t.Context(), h)
	require.NoError(t, err)
	return h, ids
}

func TestIdentitiesAreKept(t *testing.T) {
	h, first := issued(t)
	before, err := fingerprint(first.Admin, first.Kubelet, first.APIServer.Cert, first.ServiceAccounts.Key, first.FrontProxy.Cert)
	require.NoError(t, err)

	second, err := issueIdentities(t.Context(), h)
	require.NoError(t, err)
	after, err := fingerprint(second.Admin, second.Kubelet, second.APIServer.Cert, second.ServiceAccounts.Key, second.FrontProxy.Cert)
	require.NoError(t, err)
	assert.Equal(t, before, after, "a changed file would restart its component")
	assert.NotEqual(t, first.CA, first.FrontProxyCA, "whom this one signs may claim to be anybody")
}

func TestKubeconfigIsForItsOwnerOnly(t *testing.T) {
	h, _ := issued(t)
	info, err := os.Stat(Kubeconfig(h))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(Kubeconfig(h))
	require.NoError(t, err)
	assert.Contains(t, string(text), "server: https://10.99.0.1:6443\n")
}

func TestTheDeployerIsAUserOfItsGroupAndNoMore(t *testing.T) {
	h, ids := issued(t)
	assert.Equal(t, h.State("deployer.kubeconfig"), ids.Deployer)
	text, err := os.ReadFile(ids.Deployer)
	require.NoError(t, err)
	var kubeconfig struct {
		Users []struct {
			User struct {
				Certificate string `yaml:"client-certificate-data"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &kubeconfig))
	require.Len(t, kubeconfig.Users, 1)
	text, err = base64.StdEncoding.DecodeString(kubeconfig.Users[0].User.Certificate)
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	assert.Equal(t, "lab-deployer", certificate.Subject.CommonName)
	assert.Equal(t, []string{"team-dashboard:deployers"}, certificate.Subject.Organization)
}

func TestAChangedAuditPolicyRestartsTheAPIServer(t *testing.T) {
	h, ids := issued(t)
	require.NoError(t, writeConfigs(h, ids))
	n := &node{host: h, ids: ids, api: NewAPI(h)}
	before, err := fingerprint(n.apiServer().reads...)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(configDir(h, "audit.yaml"), []byte("another"), 0o600))
	after, err := fingerprint(n.apiServer().reads...)
	require.NoError(t, err)
	assert.NotEqual(t, before, after)
}

func TestConfigs(t *testing.T) {
	h, ids := issued(t)
	require.NoError(t, writeConfigs(h, ids))
	read := func(file string) string {
		text, err := os.ReadFile(configDir(h, file))
		require.NoError(t, err)
		return string(text)
	}
	for _, name := range registry.Hosts {
		hosts := read(filepath.Join("registries", name, "hosts.toml"))
		assert.Contains(t, hosts, `server = "https://10.99.0.2"`, "the world is not asked")
		assert.Contains(t, hosts, `[host."https://10.99.0.2"]`, "containerd 1.6 refuses a file without")
	}
	assert.True(t, json.Valid([]byte(read("cni/lab.conflist"))))
	assert.Contains(t, read("containerd.toml"), `sandbox_image = "registry.k8s.io/pause:3.10"`)
	assert.Contains(t, read("containerd.toml"), "netns_mounts_under_state_dir = true", "Down takes away what is mounted there")
	assert.Contains(t, read("kubelet.yaml"), `clusterDNS: ["10.96.0.10"]`)
	assert.Contains(t, read("kubelet.yaml"), "containerRuntimeEndpoint: unix://"+socket+"\n")
	assert.Contains(t, read("proxy.yaml"), "mode: nftables\n")
	assert.Contains(t, read("audit.yaml"), `userGroups: ["team-dashboard:deployers"]`)
}

func TestReadReady(t *testing.T) {
	node := func(conditions string) string { return `{"status": {"conditions": [` + conditions + `]}}` }
	tests := map[string]struct{ text, problem string }{
		"ready":     {text: node(`{"type": "DiskPressure", "status": "False"}, {"type": "Ready", "status": "True"}`)},
		"not ready": {node(`{"type": "Ready", "status": "False", "message": "no network"}`), `"lab" is not Ready: no network`},
		"silent":    {node(`{"type": "DiskPressure", "status": "False"}`), "has not said"},
		"not JSON":  {"<html>", "reading the node"},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			err := readReady([]byte(test.text))
			if test.problem == "" {
				assert.NoError(t, err)
			} else {
				assert.ErrorContains(t, err, test.problem)
			}
		})
	}
}

func TestMountsBelow(t *testing.T) {
	const mountinfo = `22 1 8:1 / / rw - ext4 /dev/vda rw
30 22 0:5 / /lab/state/kubernetes/kubelet/pods/1/volumes/token rw - tmpfs tmpfs rw
31 22 0:5 / /run/lab/containerd/1/rootfs rw - overlay overlay rw
32 31 0:5 / /run/lab/containerd/1/rootfs/dev rw - tmpfs tmpfs rw
33 22 0:5 / /lab/state/kubernetes-of-another/x rw - tmpfs tmpfs rw
34 22 0:5 / /run/lab rw - tmpfs tmpfs rw
`
	assert.Equal(t, []string{
		"/run/lab/containerd/1/rootfs/dev",
		"/run/lab/containerd/1/rootfs",
		"/lab/state/kubernetes/kubelet/pods/1/volumes/token",
	}, mountsBelow([]byte(mountinfo), "/lab/state/kubernetes", "/run/lab"))
}

func TestComponentsSayTheirVersion(t *testing.T) {
	flags := versionFlags()
	for _, stamp := range []string{"version.gitVersion=v1.34.4", "version.gitMajor=1", "version.gitMinor=34"} {
		assert.Contains(t, flags, "-X k8s.io/component-base/"+stamp)
		assert.Contains(t, flags, "-X k8s.io/client-go/pkg/"+stamp)
	}
}

func TestEveryProcessIsKnownByName(t *testing.T) {
	n := &node{host: &host.Host{Root: t.TempDir()}, ids: &identities{}, api: NewAPI(nil)}
	var names []string
	for _, wave := range n.processes() {
		for _, p := range wave {
			names = append(names, p.Name)
		}
	}
	assert.ElementsMatch(t, processNames, names, "Status and Down go by the list")
}
