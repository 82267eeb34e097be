package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// state is all that decides about a packet.
type state struct {
	pods       []pod
	namespaces map[string]labels.Set
	policies   []*networkingv1.NetworkPolicy
}

// pod is a pod with a network of its own.
type pod struct {
	namespace string
	labels    labels.Set
	addresses []string
	ports     []namedPort
}

// namedPort is a container's port that policies may call by its name.
type namedPort struct {
	name     string
	protocol corev1.Protocol
	number   int32
}

func namedPorts(p *corev1.Pod) []namedPort {
	var ports []namedPort
	for _, container := range p.Spec.Containers {
		for _, port := range container.Ports {
			if port.Name != "" {
				ports = append(ports, namedPort{port.Name, port.Protocol, port.ContainerPort})
			}
		}
	}
	return ports
}

// selected are the pods of the namespace that the selector matches.
func (s state) selected(namespace string, selector *metav1.LabelSelector) ([]pod, error) {
	matches, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return nil, fmt.Errorf("reading a pod selector: %w", err)
	}
	var found []pod
	for _, p := range s.pods {
		if p.namespace == namespace && matches.Matches(p.labels) {
			found = append(found, p)
		}
	}
	return found, nil
}

// peers are the pods that a peer of a policy in the namespace stands for. A
// peer without namespaceSelector means the policy's own namespace, one
// without podSelector all pods.
func (s state) peers(namespace string, peer networkingv1.NetworkPolicyPeer) ([]pod, error) {
	selector := peer.PodSelector
	if selector == nil {
		selector = &metav1.LabelSelector{}
	}
	if peer.NamespaceSelector == nil {
		return s.selected(namespace, selector)
	}
	matches, err := metav1.LabelSelectorAsSelector(peer.NamespaceSelector)
	if err != nil {
		return nil, fmt.Errorf("reading a namespace selector: %w", err)
	}
	var found []pod
	for name, labels := range s.namespaces {
		if !matches.Matches(labels) {
			continue
		}
		pods, err := s.selected(name, selector)
		if err != nil {
			return nil, err
		}
		found = append(found, pods...)
	}
	return found, nil
}
