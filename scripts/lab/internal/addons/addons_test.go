package addons

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name, Namespace string }
	Spec       map[string]any
}

func rendered(t *testing.T) map[string]object {
	t.Helper()
	text, err := New(&host.Host{Root: t.TempDir()}).render(t.Context())
	require.NoError(t, err)
	objects := map[string]object{}
	for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return objects
		}
		require.NoError(t, err)
		if o.Kind == "" {
			continue // a document of comments alone
		}
		key := o.Kind + " " + o.Metadata.Namespace + "/" + o.Metadata.Name
		assert.NotContains(t, objects, key, "each object is applied once")
		objects[key] = o
	}
}

func TestManifests(t *testing.T) {
	objects := rendered(t)
	for _, key := range []string{
		"Deployment kube-system/coredns", "Deployment kube-system/metrics-server", "Deployment ingress-nginx/traefik",
		"APIService /v1beta1.metrics.k8s.io", "IngressClass /nginx", "StorageClass /local", "Secret ingress-nginx/default-certificate",
	} {
		assert.Contains(t, objects, key)
	}
	for key, o := range objects {
		assert.NotEmpty(t, o.APIVersion, key)
	}
	assert.Equal(t, "10.96.0.10", objects["Service kube-system/kube-dns"].Spec["clusterIP"])
	assert.Equal(t, []any{"10.99.0.1"}, objects["Service ingress-nginx/traefik"].Spec["externalIPs"])
}

func TestAPodStartsAgainWhenItsConfigurationChanges(t *testing.T) {
	for key, o := range rendered(t) {
		if o.Kind != "Deployment" {
			continue
		}
		metadata := o.Spec["template"].(map[string]any)["metadata"].(map[string]any)
		assert.Contains(t, metadata["annotations"], "team-dashboard.app/stamp", key)
	}
	stamp := func(s settings, manifest string) string {
		stamp, err := s.Stamp(manifest)
		require.NoError(t, err)
		return stamp
	}
	assert.Equal(t, stamp(settings{}, "coredns.yaml"), stamp(settings{}, "coredns.yaml"))
	assert.NotEqual(t, stamp(settings{}, "coredns.yaml"), stamp(settings{}, "traefik.yaml"))
	assert.NotEqual(t, stamp(settings{}, "coredns.yaml"), stamp(settings{S3Address: "10.99.0.2"}, "coredns.yaml"))
	_, err := settings{}.Stamp("nginx.yaml")
	assert.Error(t, err)
}

func TestEveryPodRunsWithoutPrivileges(t *testing.T) {
	for key, o := range rendered(t) {
		if o.Kind != "Deployment" {
			continue
		}
		pod := o.Spec["template"].(map[string]any)["spec"].(map[string]any)
		assert.Equal(t, true, pod["securityContext"].(map[string]any)["runAsNonRoot"], key)
		for _, container := range pod["containers"].([]any) {
			context := container.(map[string]any)["securityContext"].(map[string]any)
			assert.Equal(t, false, context["allowPrivilegeEscalation"], key)
			assert.Equal(t, true, context["readOnlyRootFilesystem"], key)
		}
	}
}

func TestImageOfAnUnknownProgram(t *testing.T) {
	_, err := settings{}.Image("nginx")
	assert.EqualError(t, err, `no image of "nginx" is built`)
}
