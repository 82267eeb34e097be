package render

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// end is one end of a connection: a pod, or an address outside the cluster.
type end struct {
	namespace string // empty: the environment's
	labels    map[string]string
	address   string
}

func service(name, slot string) end {
	return pod("service", name, slot)
}

func pod(component, name, slot string) end {
	l := map[string]string{AppLabel: name, ComponentLabel: component}
	if slot != "" {
		l[SlotLabel] = slot
	}
	return end{labels: l}
}

func foreign(namespace, key, value string) end {
	return end{namespace: namespace, labels: map[string]string{key: value}}
}

func TestFlows(t *testing.T) {
	var (
		postgres = pod("database", "postgres", "")
		redis    = pod("cache", "redis", "")
		dns      = foreign("kube-system", "k8s-app", "kube-dns")
		door     = foreign("ingress-nginx", "app", "any")
		agents   = foreign("kube-system", "k8s-app", "konnectivity-agent")
		stranger = foreign("default", AppLabel, "dashboard")
		github   = end{address: "140.82.121.4"}
		metadata = end{address: "169.254.169.254"}
		http     = "http"
	)
	tests := []struct {
		name     string
		from, to end
		port     string
		allowed  bool
	}{
		{"within a slot", service("dashboard", "blue"), service("agent-manager", "blue"), http, true},
		{"within the other slot", service("agent-manager", "green"), service("openai-service", "green"), http, true},
		{"from slot to slot", service("dashboard", "green"), service("agent-manager", "blue"), http, false},
		{"another port of a service", service("dashboard", "blue"), service("agent-manager", "blue"), "9229", false},
		{"smoke to its slot", pod("smoke", "smoke", "green"), service("dashboard", "green"), http, true},
		{"smoke to the other slot", pod("smoke", "smoke", "green"), service("dashboard", "blue"), http, false},
		{"smoke to the database", pod("smoke", "smoke", "green"), postgres, "5432", false},
		{"a service to smoke", service("dashboard", "green"), pod("smoke", "smoke", "green"), http, false},
		{"to the database", service("mcp-manager", "blue"), postgres, "5432", true},
		{"to the cache", service("mcp-manager", "green"), redis, "6379", true},
		{"from the database", postgres, service("dashboard", "blue"), http, false},
		{"from database to cache", postgres, redis, "6379", false},
		{"from the database outside", postgres, github, "443", false},
		{"names", service("dashboard", "blue"), dns, "53", true},
		{"names for smoke", pod("smoke", "smoke", "blue"), dns, "53", true},
		{"the front door", door, service("dashboard", "blue"), http, true},
		{"the front door to the database", door, postgres, "5432", false},
		{"the API server", agents, service("dashboard", "blue"), http, true},
		{"the API server to the cache", agents, redis, "6379", false},
		{"another namespace", stranger, service("dashboard", "blue"), http, false},
		{"another namespace to the database", stranger, postgres, "5432", false},
		{"to another namespace", service("dashboard", "blue"), stranger, http, false},
		{"dashboard to GitHub", service("dashboard", "blue"), github, "443", true},
		{"agent-manager to GitHub", service("agent-manager", "green"), github, "443", true},
		{"mcp-manager to GitHub", service("mcp-manager", "blue"), github, "443", false},
		{"not encrypted", service("openai-service", "blue"), github, "80", false},
		{"the cloud's metadata", service("agent-manager", "blue"), metadata, "443", false},
	}
	policies := policiesOf(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.allowed, policies.allow(t, test.from, test.to, test.port))
		})
	}
}

// rules are all NetworkPolicies of production, with both slots up.
type rules []networkingv1.NetworkPolicy

func policiesOf(t *testing.T) rules {
	var found rules
	objects := slices.Concat(rendered(t, "production", Platform, ""), rendered(t, "production", Slot, "blue"), rendered(t, "production", Slot, "green"))
	for _, object := range objects {
		if object.GetKind() == "NetworkPolicy" {
			found = append(found, as[networkingv1.NetworkPolicy](t, object))
		}
	}
	require.NotEmpty(t, found)
	return found
}

// allow follows the API: a pod that some policy selects for a direction may only
// do what one of those policies allows, and both ends must allow a connection.
func (r rules) allow(t *testing.T, from, to end, port string) bool {
	out := r.direction(t, from, networkingv1.PolicyTypeEgress, func(p networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
			return matchPeer(t, rule.To, to) && matchPort(rule.Ports, port)
		})
	})
	in := r.direction(t, to, networkingv1.PolicyTypeIngress, func(p networkingv1.NetworkPolicy) bool {
		return slices.ContainsFunc(p.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
			return matchPeer(t, rule.From, from) && matchPort(rule.Ports, port)
		})
	})
	return out && in
}

func (r rules) direction(t *testing.T, pod end, direction networkingv1.PolicyType, allows func(networkingv1.NetworkPolicy) bool) bool {
	isolated := false
	for _, policy := range r {
		if pod.namespace != "" || pod.address != "" || !slices.Contains(policy.Spec.PolicyTypes, direction) || !matchLabels(t, &policy.Spec.PodSelector, pod.labels) {
			continue
		}
		isolated = true
		if allows(policy) {
			return true
		}
	}
	return !isolated
}

func matchPeer(t *testing.T, peers []networkingv1.NetworkPolicyPeer, other end) bool {
	return slices.ContainsFunc(peers, func(peer networkingv1.NetworkPolicyPeer) bool {
		switch {
		case peer.IPBlock != nil:
			inside := func(cidr string) bool {
				_, network, err := net.ParseCIDR(cidr)
				require.NoError(t, err)
				return network.Contains(net.ParseIP(other.address))
			}
			return other.address != "" && inside(peer.IPBlock.CIDR) && !slices.ContainsFunc(peer.IPBlock.Except, inside)
		case other.address != "":
			return false
		case peer.NamespaceSelector == nil:
			return other.namespace == "" && matchLabels(t, peer.PodSelector, other.labels)
		}
		inNamespace := matchLabels(t, peer.NamespaceSelector, map[string]string{corev1.LabelMetadataName: other.namespace})
		return inNamespace && (peer.PodSelector == nil || matchLabels(t, peer.PodSelector, other.labels))
	})
}

func matchPort(ports []networkingv1.NetworkPolicyPort, port string) bool {
	return slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		return p.Port != nil && (*p.Port == intstr.FromString(port) || fmt.Sprint(p.Port.IntVal) == port)
	})
}

func matchLabels(t *testing.T, selector *metav1.LabelSelector, set map[string]string) bool {
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	require.NoError(t, err)
	return parsed.Matches(labels.Set(set))
}
