package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// table is the nftables table that holds all of it.
const table = "lab-netpol"

// ruleset is the nftables script that makes the table say what the policies of
// s say, replacing whatever it said before.
//
// Packets to pods and between them pass the forward hook, packets from pods to
// the node's own addresses the input hook; both after the translation of
// Service addresses to pods. What the node itself sends (probes, the API
// server's proxy) passes neither: the API wants it allowed.
//
// A pod that no policy selects for a direction may do all in that direction;
// for any other, the chain of the direction holds what is allowed, by "return",
// and drops the rest.
func ruleset(s state, podCIDR string) (string, error) {
	ingress, err := s.direction(networkingv1.PolicyTypeIngress)
	if err != nil {
		return "", err
	}
	egress, err := s.direction(networkingv1.PolicyTypeEgress)
	if err != nil {
		return "", err
	}
	established := "ct state established,related accept"
	ownAddress := s.allowOwnAddress()
	unknownSource, unknownTarget := s.dropUnknown(podCIDR)
	return script(
		chain("forward", "type filter hook forward priority filter - 5; policy accept;",
			established, ownAddress, unknownSource, unknownTarget,
			jump("ip saddr", egress.isolated, "egress"), jump("ip daddr", ingress.isolated, "ingress")),
		chain("input", "type filter hook input priority filter - 5; policy accept;",
			established, unknownSource, jump("ip saddr", egress.isolated, "egress")),
		chain("egress", append(egress.allowed, "counter drop")...),
		chain("ingress", append(ingress.allowed, "counter drop")...),
	), nil
}

// script replaces the table in one transaction: it is created in case it is
// not there, so that deleting it cannot fail.
func script(chains ...string) string {
	return fmt.Sprintf("table ip %[1]s\ndelete table ip %[1]s\ntable ip %[1]s {\n%[2]s}\n", table, strings.Join(chains, ""))
}

func chain(name string, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\tchain %s {\n", name)
	for _, line := range lines {
		if line != "" {
			fmt.Fprintf(&b, "\t\t%s\n", line)
		}
	}
	b.WriteString("\t}\n")
	return b.String()
}

func jump(match string, isolated []pod, chain string) string {
	if len(isolated) == 0 {
		return ""
	}
	return match + " " + set(isolated) + " jump " + chain
}

// allowOwnAddress: no policy keeps a pod from itself, by way of a Service say.
func (s state) allowOwnAddress() string {
	var pairs []string
	for _, p := range s.pods {
		for _, a := range p.addresses {
			pairs = append(pairs, a+" . "+a)
		}
	}
	if len(pairs) == 0 {
		return ""
	}
	slices.Sort(pairs)
	return "ip saddr . ip daddr { " + strings.Join(slices.Compact(pairs), ", ") + " } accept"
}

// dropUnknown: until it is known whose an address is, and hence which policies
// hold for it, it neither sends nor receives.
func (s state) dropUnknown(podCIDR string) (source, target string) {
	except := func(match string) string {
		if len(s.pods) == 0 {
			return ""
		}
		return " " + match + " != " + set(s.pods)
	}
	source = "ip saddr " + podCIDR + except("ip saddr") + " counter drop"
	target = "ip daddr " + podCIDR + except("ip daddr") + " counter drop"
	return source, target
}

// direction is what all policies together say about ingress or egress.
type direction struct {
	isolated []pod    // that a policy of this direction selects
	allowed  []string // one nftables rule each
}

func (s state) direction(of networkingv1.PolicyType) (direction, error) {
	var d direction
	for _, policy := range s.sortedPolicies() {
		if !slices.Contains(policy.Spec.PolicyTypes, of) {
			continue
		}
		subjects, err := s.selected(policy.Namespace, &policy.Spec.PodSelector)
		if err != nil {
			return d, fmt.Errorf("reading the policy %q: %w", name(policy), err)
		}
		if len(subjects) == 0 {
			continue
		}
		d.isolated = append(d.isolated, subjects...)
		allowed, err := s.allowed(policy, of, subjects)
		if err != nil {
			return d, fmt.Errorf("reading the policy %q: %w", name(policy), err)
		}
		d.allowed = append(d.allowed, allowed...)
	}
	return d, nil
}

// sortedPolicies makes the same state give the same script.
func (s state) sortedPolicies() []*networkingv1.NetworkPolicy {
	return slices.SortedFunc(slices.Values(s.policies), func(a, b *networkingv1.NetworkPolicy) int {
		return strings.Compare(name(a), name(b))
	})
}

func name(p *networkingv1.NetworkPolicy) string { return p.Namespace + "/" + p.Name }

// allowed are the rules of one policy for its subjects.
func (s state) allowed(policy *networkingv1.NetworkPolicy, of networkingv1.PolicyType, subjects []pod) ([]string, error) {
	var rules []string
	add := func(self, other string, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) error {
		ends, err := s.ends(policy.Namespace, other, peers)
		if err != nil {
			return err
		}
		for _, end := range ends {
			targets := end.pods
			if of == networkingv1.PolicyTypeIngress {
				targets = subjects
			}
			for _, port := range portMatches(ports, targets) {
				rules = append(rules, join(self, set(subjects), end.match, port, "return", fmt.Sprintf("comment %q", name(policy))))
			}
		}
		return nil
	}
	if of == networkingv1.PolicyTypeIngress {
		for _, rule := range policy.Spec.Ingress {
			if err := add("ip daddr", "ip saddr", rule.From, rule.Ports); err != nil {
				return nil, err
			}
		}
		return rules, nil
	}
	for _, rule := range policy.Spec.Egress {
		if err := add("ip saddr", "ip daddr", rule.To, rule.Ports); err != nil {
			return nil, err
		}
	}
	return rules, nil
}

// end is the other end of an allowed connection: a match, and the pods among
// those that it matches, whose port names count for egress.
type end struct {
	match string
	pods  []pod
}

// ends are the other ends that peers stand for. No peers at all means everybody.
func (s state) ends(namespace, match string, peers []networkingv1.NetworkPolicyPeer) ([]end, error) {
	if len(peers) == 0 {
		return []end{{pods: s.pods}}, nil
	}
	var ends []end
	for _, peer := range peers {
		if peer.IPBlock != nil {
			if block := ipBlock(match, peer.IPBlock); block != "" {
				ends = append(ends, end{match: block})
			}
			continue
		}
		pods, err := s.peers(namespace, peer)
		if err != nil {
			return nil, err
		}
		if len(pods) > 0 {
			ends = append(ends, end{match: match + " " + set(pods), pods: pods})
		}
	}
	return ends, nil
}

// ipBlock is "" for IPv6, which the lab's pods do not have.
func ipBlock(match string, block *networkingv1.IPBlock) string {
	if strings.Contains(block.CIDR, ":") {
		return ""
	}
	text := match + " " + block.CIDR
	for _, except := range block.Except {
		text += " " + match + " != " + except
	}
	return text
}

// portMatches are alternatives, one for each port that is allowed. Which number
// a named port has is for the target pods to say. No ports at all means every
// port.
func portMatches(ports []networkingv1.NetworkPolicyPort, targets []pod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var matches []string
	for _, port := range ports {
		protocol := corev1.ProtocolTCP
		if port.Protocol != nil {
			protocol = *port.Protocol
		}
		matches = append(matches, portMatch(port, protocol, targets)...)
	}
	return matches
}

func portMatch(port networkingv1.NetworkPolicyPort, protocol corev1.Protocol, targets []pod) []string {
	proto := strings.ToLower(string(protocol))
	switch {
	case port.Port == nil:
		return []string{"meta l4proto " + proto}
	case port.Port.Type == intstr.String:
		return namedPortMatches(port.Port.StrVal, protocol, targets)
	case port.EndPort != nil:
		return []string{fmt.Sprintf("%s dport %d-%d", proto, port.Port.IntVal, *port.EndPort)}
	default:
		return []string{fmt.Sprintf("%s dport %d", proto, port.Port.IntVal)}
	}
}

// namedPortMatches are one for each number that targets have under the name.
func namedPortMatches(name string, protocol corev1.Protocol, targets []pod) []string {
	owners := map[int32][]pod{}
	for _, target := range targets {
		for _, port := range target.ports {
			if port.name == name && port.protocol == protocol {
				owners[port.number] = append(owners[port.number], target)
			}
		}
	}
	var matches []string
	for _, number := range slices.Sorted(maps.Keys(owners)) {
		matches = append(matches, fmt.Sprintf("ip daddr %s %s dport %d", set(owners[number]), strings.ToLower(string(protocol)), number))
	}
	return matches
}

// set is the pods' addresses as an nftables set.
func set(pods []pod) string {
	var all []string
	for _, p := range pods {
		all = append(all, p.addresses...)
	}
	slices.Sort(all)
	return "{ " + strings.Join(slices.Compact(all), ", ") + " }"
}

// join puts blanks between the words that are there.
func join(words ...string) string {
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
