package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

const podCIDR = "10.244.0.0/24"

// shop is a cluster with a shop of two pods and a database, an ingress
// controller and a name server.
func shop(policies ...string) state {
	s := state{
		namespaces: map[string]labels.Set{
			"shop":    {"kubernetes.io/metadata.name": "shop"},
			"ingress": {"kubernetes.io/metadata.name": "ingress"},
			"system":  {"kubernetes.io/metadata.name": "system"},
		},
		pods: []pod{
			{namespace: "shop", labels: labels.Set{"app": "web", "slot": "blue"}, addresses: []string{"10.244.0.11"}, ports: []namedPort{{"http", corev1.ProtocolTCP, 3000}}},
			{namespace: "shop", labels: labels.Set{"app": "web", "slot": "green"}, addresses: []string{"10.244.0.12"}, ports: []namedPort{{"http", corev1.ProtocolTCP, 3001}}},
			{namespace: "shop", labels: labels.Set{"app": "database"}, addresses: []string{"10.244.0.13"}, ports: []namedPort{{"sql", corev1.ProtocolTCP, 5432}}},
			{namespace: "ingress", labels: labels.Set{"app": "traefik"}, addresses: []string{"10.244.0.21"}},
			{namespace: "system", labels: labels.Set{"app": "dns"}, addresses: []string{"10.244.0.31"}, ports: []namedPort{{"dns", corev1.ProtocolUDP, 53}}},
		},
	}
	for _, text := range policies {
		policy := &networkingv1.NetworkPolicy{}
		if err := yaml.UnmarshalStrict([]byte(text), policy); err != nil {
			panic(err)
		}
		policy.Namespace = "shop"
		s.policies = append(s.policies, policy)
	}
	return s
}

const (
	denyAll = `
metadata: {name: deny-all}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}`

	dns = `
metadata: {name: dns}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: system}}}], ports: [{port: dns, protocol: UDP}]}]`

	fromIngress = `
metadata: {name: from-ingress}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress}}}], ports: [{port: http}]}]`
)

func TestRulesetOfAShop(t *testing.T) {
	script, err := ruleset(shop(denyAll, dns, fromIngress), podCIDR)
	require.NoError(t, err)
	golden(t, "testdata/shop.nft", script)
}

func TestRulesetOfAnEmptyCluster(t *testing.T) {
	script, err := ruleset(state{}, podCIDR)
	require.NoError(t, err)
	golden(t, "testdata/empty.nft", script)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

func TestOrderOfPoliciesAndPodsDoesNotMatter(t *testing.T) {
	first, err := ruleset(shop(denyAll, dns, fromIngress), podCIDR)
	require.NoError(t, err)
	turned := shop(fromIngress, dns, denyAll)
	turned.pods[0], turned.pods[2] = turned.pods[2], turned.pods[0]
	second, err := ruleset(turned, podCIDR)
	require.NoError(t, err)
	assert.Equal(t, first, second, "or else the rules would be replaced for nothing")
}

// What a policy for the pods of app web (.11 with http at 3000, .12 with http
// at 3001) allows, rule by rule, without "return" and its comment.
func TestAllowed(t *testing.T) {
	const web = "ip daddr { 10.244.0.11, 10.244.0.12 }"
	const webOut = "ip saddr { 10.244.0.11, 10.244.0.12 }"
	tests := map[string]struct {
		rules string // ingress or egress of the policy
		want  []string
	}{
		"nobody":            {"ingress: []", nil},
		"everybody":         {"ingress: [{}]", []string{web}},
		"everybody, a port": {"ingress: [{ports: [{port: 3000}]}]", []string{web + " tcp dport 3000"}},
		"a protocol":        {"ingress: [{ports: [{protocol: UDP}]}]", []string{web + " meta l4proto udp"}},
		"a range of ports":  {"ingress: [{ports: [{port: 3000, endPort: 3010}]}]", []string{web + " tcp dport 3000-3010"}},
		"two ports": {"ingress: [{ports: [{port: 80}, {port: 53, protocol: UDP}]}]", []string{
			web + " tcp dport 80", web + " udp dport 53",
		}},
		"a named port is each pod's own": {"ingress: [{ports: [{port: http}]}]", []string{
			web + " ip daddr { 10.244.0.11 } tcp dport 3000", web + " ip daddr { 10.244.0.12 } tcp dport 3001",
		}},
		"a name that no port has":    {"ingress: [{ports: [{port: sql}]}]", nil},
		"a name of another protocol": {"ingress: [{ports: [{port: http, protocol: UDP}]}]", nil},
		"pods of the namespace":      {"ingress: [{from: [{podSelector: {matchLabels: {app: database}}}]}]", []string{web + " ip saddr { 10.244.0.13 }"}},
		"pods of another namespace":  {"ingress: [{from: [{podSelector: {matchLabels: {app: traefik}}}]}]", nil},
		"all pods of some namespaces": {"ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [ingress, system]}]}}]}]",
			[]string{web + " ip saddr { 10.244.0.21, 10.244.0.31 }"}},
		"some pods of all namespaces": {"ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: dns}}}]}]", []string{web + " ip saddr { 10.244.0.31 }"}},
		"two peers": {"ingress: [{from: [{podSelector: {matchLabels: {app: database}}}, {ipBlock: {cidr: 10.99.0.0/24}}]}]", []string{
			web + " ip saddr { 10.244.0.13 }", web + " ip saddr 10.99.0.0/24",
		}},
		"addresses but for some": {"egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.1.0.0/16]}}], ports: [{port: 443}]}]",
			[]string{webOut + " ip daddr 0.0.0.0/0 ip daddr != 10.0.0.0/8 ip daddr != 10.1.0.0/16 tcp dport 443"}},
		"IPv6, which pods do not have": {"egress: [{to: [{ipBlock: {cidr: 'fd00::/8'}}]}]", nil},
		"egress to pods":               {"egress: [{to: [{podSelector: {matchLabels: {app: database}}}]}]", []string{webOut + " ip daddr { 10.244.0.13 }"}},
		"egress to a named port is the target's": {"egress: [{to: [{podSelector: {}}], ports: [{port: sql}]}]",
			[]string{webOut + " ip daddr { 10.244.0.11, 10.244.0.12, 10.244.0.13 } ip daddr { 10.244.0.13 } tcp dport 5432"}},
		"egress to a named port of anybody": {"egress: [{ports: [{port: dns, protocol: UDP}]}]", []string{webOut + " ip daddr { 10.244.0.31 } udp dport 53"}},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			of := networkingv1.PolicyTypeIngress
			if strings.HasPrefix(test.rules, "egress") {
				of = networkingv1.PolicyTypeEgress
			}
			s := shop("metadata: {name: p}\nspec: {podSelector: {matchLabels: {app: web}}, policyTypes: [" + string(of) + "], " + test.rules + "}")
			d, err := s.direction(of)
			require.NoError(t, err)
			var want []string
			for _, rule := range test.want {
				want = append(want, rule+` return comment "shop/p"`)
			}
			assert.Equal(t, want, d.allowed)
			assert.Len(t, d.isolated, 2, "the pods that the policy selects, whatever it allows")
		})
	}
}

func TestAPolicyIsAboutItsDirectionsOnly(t *testing.T) {
	s := shop(fromIngress)
	egress, err := s.direction(networkingv1.PolicyTypeEgress)
	require.NoError(t, err)
	assert.Empty(t, egress.isolated)
	assert.Empty(t, egress.allowed)
}

func TestAPolicyThatCannotBeReadIsNamed(t *testing.T) {
	s := shop(denyAll)
	s.policies[0].Spec.PodSelector = metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
	_, err := ruleset(s, podCIDR)
	assert.ErrorContains(t, err, `reading the policy "shop/deny-all"`)
}
