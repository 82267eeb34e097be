package render

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// monitoringFlows is a table of what the monitoring's NetworkPolicies let through, a line for each of their rules.
func monitoringFlows(t *testing.T) string {
	t.Helper()
	objects, err := Kustomization(context.Background(), manifests, "monitoring")
	require.NoError(t, err)
	var text strings.Builder
	text.WriteString("| from | to | port | policy |\n|---|---|---|---|\n")
	for _, object := range objects {
		if object.GetKind() != "NetworkPolicy" {
			continue
		}
		policy := as[networkingv1.NetworkPolicy](t, object)
		own := selected(policy.Spec.PodSelector, "every pod of "+policy.Namespace)
		line := func(from, to string, ports []networkingv1.NetworkPolicyPort) {
			fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", from, to, portsOf(ports), policy.Name)
		}
		for _, rule := range policy.Spec.Ingress {
			line(peers(rule.From), own, rule.Ports)
		}
		for _, rule := range policy.Spec.Egress {
			line(own, peers(rule.To), rule.Ports)
		}
	}
	return text.String()
}

// selected says which pods, or which namespaces, a selector means: by the values, since its labels are names of things.
func selected(selector metav1.LabelSelector, all string) string {
	values := slices.Sorted(maps.Values(selector.MatchLabels))
	for _, expression := range selector.MatchExpressions {
		values = append(values, expression.Values...)
	}
	if len(values) == 0 {
		return all
	}
	return strings.Join(values, ", ")
}

func peers(peers []networkingv1.NetworkPolicyPeer) string {
	var texts []string
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil && len(peer.IPBlock.Except) > 0:
			texts = append(texts, fmt.Sprintf("%s but %s", peer.IPBlock.CIDR, strings.Join(peer.IPBlock.Except, ", ")))
		case peer.IPBlock != nil:
			texts = append(texts, peer.IPBlock.CIDR)
		case peer.NamespaceSelector == nil:
			texts = append(texts, selected(*peer.PodSelector, "every pod"))
		default:
			pods := "every pod"
			if peer.PodSelector != nil {
				pods = selected(*peer.PodSelector, pods)
			}
			texts = append(texts, pods+" of "+selected(*peer.NamespaceSelector, "every namespace"))
		}
	}
	if len(texts) == 0 {
		return "everything"
	}
	return strings.Join(slices.Compact(texts), "; ")
}

func portsOf(ports []networkingv1.NetworkPolicyPort) string {
	var texts []string
	for _, port := range ports {
		texts = append(texts, port.Port.String())
	}
	if len(texts) == 0 {
		return "any"
	}
	return strings.Join(slices.Compact(texts), ", ")
}
