package render

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// with renders the platform of an environment with components switched on, by the line that they ask for.
func with(t *testing.T, environment string, components ...string) []*unstructured.Unstructured {
	t.Helper()
	o := options(t, environment, Platform, "")
	o.Dir = filepath.Join(t.TempDir(), "k8s")
	require.NoError(t, os.CopyFS(o.Dir, os.DirFS(manifests)))
	path := filepath.Join(o.Dir, "environments", environment, "platform", "kustomization.yaml")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(text), "\ncomponents:", "a component is on already")
	lines := "\ncomponents:\n"
	for _, component := range components {
		lines += "  - ../../../components/" + component + "\n"
	}
	require.NoError(t, os.WriteFile(path, append(text, lines...), 0o644))
	objects, err := Layer(context.Background(), o)
	require.NoError(t, err)
	return objects
}

// ingressOf is the Ingress that an environment has without components.
func ingressOf(t *testing.T, environment string) networkingv1.Ingress {
	t.Helper()
	for _, object := range rendered(t, environment, Platform, "") {
		if object.GetKind() == "Ingress" {
			return as[networkingv1.Ingress](t, object)
		}
	}
	require.Fail(t, "no Ingress in "+environment)
	return networkingv1.Ingress{}
}

// at reads a field of an object of the given kind and name.
func at[T any](t *testing.T, objects []*unstructured.Unstructured, kind, name string, path ...string) T {
	t.Helper()
	c := checks{objects: objects}
	object := c.find(kind, name)
	require.NotNil(t, object, "%s %s", kind, name)
	value, found, err := unstructured.NestedFieldNoCopy(object.Object, path...)
	require.NoError(t, err)
	require.True(t, found, "%s %s has no %s", kind, name, strings.Join(path, "."))
	typed, ok := value.(T)
	require.True(t, ok, "%s %s: %s is a %T", kind, name, strings.Join(path, "."), value)
	return typed
}

func strs(list []any) []string {
	var texts []string
	for _, entry := range list {
		texts = append(texts, fmt.Sprint(entry))
	}
	return texts
}

func TestTheGatewayIsTheIngressInOtherWords(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		t.Run(environment, func(t *testing.T) {
			ingress := ingressOf(t, environment)
			objects := with(t, environment, "gateway-api")
			assert.Nil(t, (&checks{objects: objects}).find("Ingress", ingress.Name), "the Ingress is still there")

			listeners := at[[]any](t, objects, "Gateway", "dashboard-gateway", "spec", "listeners")
			require.Len(t, listeners, 2)
			certificates, _, _ := unstructured.NestedSlice(listeners[1].(map[string]any), "tls", "certificateRefs")
			assert.Equal(t, []any{map[string]any{"name": ingress.Spec.TLS[0].SecretName}}, certificates)

			for route, section := range map[string]string{"dashboard": "https", "dashboard-redirect": "http"} {
				hosts := strs(at[[]any](t, objects, "HTTPRoute", route, "spec", "hostnames"))
				assert.Equal(t, ingress.Spec.TLS[0].Hosts, hosts, route)
				parents := at[[]any](t, objects, "HTTPRoute", route, "spec", "parentRefs")
				assert.Equal(t, []any{map[string]any{"name": "dashboard-gateway", "sectionName": section}}, parents)
			}
			assert.Equal(t, ingressPaths(t, ingress, objects), routePaths(t, objects, ingress.Annotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]+"s"))
		})
	}
}

// ingressPaths are the backends by path, with the port of each name as its stable Service says it.
func ingressPaths(t *testing.T, ingress networkingv1.Ingress, objects []*unstructured.Unstructured) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for _, path := range ingress.Spec.Rules[0].HTTP.Paths {
		require.Equal(t, networkingv1.PathTypePrefix, *path.PathType)
		service := path.Backend.Service
		ports := at[[]any](t, objects, "Service", service.Name, "spec", "ports")
		require.Equal(t, service.Port.Name, ports[0].(map[string]any)["name"])
		paths[path.Path] = fmt.Sprintf("%s:%d", service.Name, ports[0].(map[string]any)["port"])
	}
	return paths
}

func routePaths(t *testing.T, objects []*unstructured.Unstructured, timeout string) map[string]string {
	t.Helper()
	paths := map[string]string{}
	for _, raw := range at[[]any](t, objects, "HTTPRoute", "dashboard", "spec", "rules") {
		rule := raw.(map[string]any)
		match := rule["matches"].([]any)[0].(map[string]any)["path"].(map[string]any)
		backend := rule["backendRefs"].([]any)[0].(map[string]any)
		require.Equal(t, "PathPrefix", match["type"])
		require.Equal(t, map[string]any{"request": timeout}, rule["timeouts"])
		paths[match["value"].(string)] = fmt.Sprintf("%s:%d", backend["name"], backend["port"])
	}
	return paths
}

func TestTheCertificateIsThatOfTheFrontDoor(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		t.Run(environment, func(t *testing.T) {
			ingress := ingressOf(t, environment)
			objects := with(t, environment, "cert-manager")
			hosts := strs(at[[]any](t, objects, "Certificate", "dashboard-tls", "spec", "dnsNames"))
			assert.Equal(t, ingress.Spec.TLS[0].Hosts, hosts)
			assert.Equal(t, ingress.Spec.TLS[0].SecretName, at[string](t, objects, "Certificate", "dashboard-tls", "spec", "secretName"))
			issuer := at[string](t, objects, "Certificate", "dashboard-tls", "spec", "issuerRef", "name")
			solvers := at[[]any](t, objects, "Issuer", issuer, "spec", "acme", "solvers")
			class, _, _ := unstructured.NestedString(solvers[0].(map[string]any), "http01", "ingress", "ingressClassName")
			assert.Equal(t, *ingress.Spec.IngressClassName, class)
		})
	}
}

// With both components, the proof that the hosts are ours comes in by the Gateway.
func TestTheComponentsGoTogether(t *testing.T) {
	objects := with(t, "production", "cert-manager", "gateway-api")
	for _, issuer := range []string{"letsencrypt", "letsencrypt-staging"} {
		solvers := at[[]any](t, objects, "Issuer", issuer, "spec", "acme", "solvers")
		parents, _, _ := unstructured.NestedSlice(solvers[0].(map[string]any), "http01", "gatewayHTTPRoute", "parentRefs")
		assert.Equal(t, []any{map[string]any{"kind": "Gateway", "name": "dashboard-gateway", "sectionName": "http"}}, parents)
	}
	for name, port := range map[string]string{"ingress": "http", "acme-solver": "8089"} {
		policy := as[networkingv1.NetworkPolicy](t, (&checks{objects: objects}).find("NetworkPolicy", name))
		require.Len(t, policy.Spec.Ingress, 1)
		for _, namespace := range []string{"ingress-nginx", "traefik"} {
			assert.True(t, matchPeer(t, policy.Spec.Ingress[0].From, foreign(namespace, "app", "any")), "%s from %s", name, namespace)
		}
		assert.False(t, matchPeer(t, policy.Spec.Ingress[0].From, foreign("default", "app", "any")), name)
		assert.True(t, matchPort(policy.Spec.Ingress[0].Ports, port), name)
	}
}

// What the pipeline applies and removes, the deployer may apply and remove.
func TestTheDeployerMayWhatTheComponentsNeed(t *testing.T) {
	objects := with(t, "staging", "cert-manager", "gateway-api")
	role := as[rbacv1.Role](t, (&checks{objects: objects}).find("Role", "deployer"))
	verbs := map[string][]string{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			verbs[rule.APIGroups[0]+"/"+resource] = rule.Verbs
		}
	}
	for _, resource := range []string{"gateways", "httproutes"} {
		assert.Subset(t, verbs["gateway.networking.k8s.io/"+resource], []string{"get", "list", "create", "patch", "delete"}, resource)
	}
	for _, resource := range []string{"certificates", "issuers"} {
		assert.Subset(t, verbs["cert-manager.io/"+resource], []string{"create", "patch"}, resource)
	}
}
