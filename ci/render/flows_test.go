package render

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/flows"
)

const nameLabel = "app.kubernetes.io/name"

// end is one end of a connection, with what a NetworkPolicy sees of it.
type end struct {
	flows.End
	namespace string // empty: the environment's
	labels    map[string]string
	address   string // of what is no pod
}

// inside are the kinds of pods that an environment's namespace has, and one that nobody knows.
func inside(t *testing.T, environment config.Environment) []end {
	pod := func(name, component string) end {
		return end{End: flows.End{Name: name}, labels: map[string]string{AppLabel: name, nameLabel: name, ComponentLabel: component}}
	}
	ends := []end{pod("postgres", "database"), pod("redis", "cache"), pod("backup", "backup"), pod("rotation", "rotation"),
		{End: flows.End{Name: "unlabelled"}, labels: map[string]string{}}}
	slots := environment.Slots
	if len(slots) == 0 {
		slots = []string{""}
	}
	for _, slot := range slots {
		for _, object := range rendered(t, environment.Name, Slot, slot) {
			if object.GetKind() == "Deployment" {
				labels := as[appsv1.Deployment](t, object).Spec.Template.Labels
				ends = append(ends, end{End: flows.End{Name: labels[AppLabel], Group: "services", Slot: slot}, labels: labels})
			}
		}
		smoke := pod("smoke", "smoke")
		smoke.Slot, smoke.labels[SlotLabel] = slot, slot
		ends = append(ends, smoke)
	}
	return ends
}

// outside is everybody else. A stranger carries the labels of a service, in a namespace of its own.
func outside() []end {
	named := func(name string, other end) end {
		other.Name = name
		return other
	}
	return []end{
		named("cluster DNS", foreign("kube-system", "k8s-app", "kube-dns")),
		named("konnectivity agents", foreign("kube-system", "k8s-app", "konnectivity-agent")),
		named("konnectivity agents", foreign("kube-system", "app", "konnectivity-agent")),
		named("system pod", foreign("kube-system", "k8s-app", "metrics-server")),
		named("ingress controller", foreign("ingress-nginx", AppLabel, "any")),
		named("prometheus", foreign("team-dashboard-monitoring", nameLabel, "prometheus")),
		named("alertmanager", foreign("team-dashboard-monitoring", nameLabel, "alertmanager")),
		named("stranger", foreign("default", AppLabel, "dashboard")),
		named("false prometheus", foreign("default", nameLabel, "prometheus")),
		named("internet", end{address: "140.82.121.4"}),
		named("backup storage", end{address: "10.99.0.2"}),
		named("private network", end{address: "192.168.1.1"}),
		named("cloud metadata", end{address: "169.254.169.254"}),
		named("API server", end{address: "10.96.0.1"}),
	}
}

// foreign is a pod of another namespace; it also looks like a service, which must not help it.
func foreign(namespace, key, value string) end {
	return end{namespace: namespace, labels: map[string]string{key: value, ComponentLabel: "service"}}
}

// The NetworkPolicies allow what the table declares and nothing else: every pair of ends is tried on every port.
func TestFlows(t *testing.T) {
	table, err := flows.Read(manifests + "/flows.yaml")
	require.NoError(t, err)
	ports := []string{"http", "5432", "6379", "53", "80", "443", "6443", "9000", "9229"}
	for _, environment := range config.TeamDashboard().Environments {
		policies := policiesOf(t, environment)
		used := make([]bool, len(table))
		ends := append(inside(t, environment), outside()...)
		for _, from := range ends {
			for _, to := range ends {
				if !from.ours() && !to.ours() {
					continue
				}
				for _, port := range ports {
					assert.Equal(t, table.Allows(environment.Name, from.End, to.End, port), policies.allow(t, from, to, port),
						"%s: from %s to %s, port %s (declared, and what the policies say)", environment.Name, from, to, port)
					for i, flow := range table {
						used[i] = used[i] || flow.Allows(environment.Name, from.End, to.End, port)
					}
				}
			}
		}
		for i, flow := range table {
			here := len(flow.Environments) == 0 || slices.Contains(flow.Environments, environment.Name)
			assert.Equal(t, here, used[i], "%s: the flow %v to %s is between ends that this test does not know", environment.Name, flow.From, flow.To)
		}
	}
}

// ours says whether the end is a pod of the environment's namespace.
func (e end) ours() bool { return e.namespace == "" && e.address == "" }

// rules are all NetworkPolicies of an environment, with all of its slots up.
type rules []networkingv1.NetworkPolicy

func policiesOf(t *testing.T, environment config.Environment) rules {
	var found rules
	for _, layer := range layers {
		if layer.environment != environment.Name {
			continue
		}
		for _, object := range rendered(t, layer.environment, layer.layer, layer.slot) {
			if object.GetKind() == "NetworkPolicy" {
				found = append(found, as[networkingv1.NetworkPolicy](t, object))
			}
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
		if !pod.ours() || !slices.Contains(policy.Spec.PolicyTypes, direction) || !matchLabels(t, &policy.Spec.PodSelector, pod.labels) {
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
