package main

import (
	"context"
	"errors"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	networkinglisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

// watched is the cluster as far as policies can speak of it.
type watched struct {
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   networkinglisters.NetworkPolicyLister
	addresses  *addresses
}

// watchCluster returns when the whole state is known, and signals each change
// from then on.
func watchCluster(ctx context.Context, client kubernetes.Interface, addresses *addresses, changed signalled) (*watched, error) {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces, policies := factory.Core().V1().Pods(), factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies()
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { changed.set() },
		UpdateFunc: func(_, _ any) { changed.set() },
		DeleteFunc: func(any) { changed.set() },
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	factory.Start(ctx.Done())
	for _, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return nil, errors.New("watching pods, namespaces and policies: stopped before all were listed")
		}
	}
	return &watched{pods.Lister(), namespaces.Lister(), policies.Lister(), addresses}, nil
}

// state is the cluster as of now. Listing from an informer's cache never fails.
func (w *watched) state() state {
	pods, _ := w.pods.List(labels.Everything())
	namespaces, _ := w.namespaces.List(labels.Everything())
	policies, _ := w.policies.List(labels.Everything())
	return newState(pods, namespaces, policies, w.addresses.of)
}

// newState keeps the pods that have a network of their own and may still use
// it. addressesOf names the addresses of a pod.
func newState(pods []*corev1.Pod, namespaces []*corev1.Namespace, policies []*networkingv1.NetworkPolicy, addressesOf func(*corev1.Pod) []string) state {
	s := state{namespaces: map[string]labels.Set{}, policies: policies}
	for _, namespace := range namespaces {
		s.namespaces[namespace.Name] = namespace.Labels
	}
	for _, p := range pods {
		if p.Spec.HostNetwork || p.Status.Phase == corev1.PodSucceeded || p.Status.Phase == corev1.PodFailed {
			continue
		}
		if found := addressesOf(p); len(found) > 0 {
			s.pods = append(s.pods, pod{namespace: p.Namespace, labels: p.Labels, addresses: found, ports: namedPorts(p)})
		}
	}
	return s
}
