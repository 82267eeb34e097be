// Package kube runs one node of Kubernetes on this machine: the control plane
// and the node's agents as processes of the lab, pods in containerd.
//
//	etcd, containerd          keep the cluster's objects; run the pods
//	kube-apiserver            the door, https://10.99.0.1:6443
//	kube-controller-manager   what makes pods of Deployments, and so on
//	kube-scheduler            gives pods to nodes: to this one
//	kubelet                   makes containerd run the pods
//	kube-proxy                leads Services' addresses to pods, by nftables
//	netpol                    enforces NetworkPolicies, by nftables
//	volumes                   makes folders for PersistentVolumeClaims
//
// The cluster's data outlives Down: the next Up continues with it.
package kube

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// Version of Kubernetes. It is the newest that supports the control groups of
// version 1 and containerd 1.x without being told to.
const Version = "1.34.4"

const (
	// DNSAddress is the cluster's name server, a Service of the add-ons.
	DNSAddress = "10.96.0.10"

	// PauseImage is the image of every pod's first process.
	PauseImage = "registry.k8s.io/pause:3.10"

	// Provisioner is what a StorageClass calls the program that makes volumes.
	Provisioner = "team-dashboard.app/volumes"

	nodeName          = "lab"
	apiServer         = network.NodeAddress + ":6443"
	apiServiceAddress = "10.96.0.1" // the first of serviceCIDR, by Kubernetes' choice
	serviceCIDR       = "10.96.0.0/16"
	podCIDR           = "10.244.0.0/24"
)

// A Kube is the part; New makes it.
type Kube struct{ host *host.Host }

func New(h *host.Host) *Kube { return &Kube{host: h} }

func (*Kube) Name() string { return "kubernetes" }

// Up starts what does not run, and returns when the node takes pods.
func (k *Kube) Up(ctx context.Context) error {
	if err := k.host.Install(ctx, "containerd", "runc", "containernetworking-plugins", "conntrack", "iproute2", "nftables"); err != nil {
		return err
	}
	n, err := k.newNode(ctx)
	if err != nil {
		return err
	}
	// The kubelet changes these to its liking.
	if err := k.host.KeepSysctls("kernel.panic", "kernel.panic_on_oops", "vm.overcommit_memory", "vm.panic_on_oom",
		"kernel.keys.root_maxkeys", "kernel.keys.root_maxbytes"); err != nil {
		return err
	}
	if err := k.keepInside(ctx); err != nil {
		return err
	}
	for _, wave := range n.processes() {
		if err := n.start(ctx, wave); err != nil {
			return err
		}
	}
	return part.Step(ctx, "waiting for the node to be Ready", n.waitReady)
}

// keepInside routes the addresses of Services and of pods to the bridge, where
// nobody answers. A pod that runs has a route of its own, and kube-proxy
// translates Services' addresses, but only where a route leads. Without these a
// packet for a pod that is gone would take the machine's default route, and
// whoever is out there may answer: after a kill the API server had such a
// connection, and all that it asked of metrics-server was "not found" for good.
func (k *Kube) keepInside(ctx context.Context) error {
	for _, addresses := range []string{serviceCIDR, podCIDR} {
		if err := k.host.Run(ctx, "ip", "route", "replace", addresses, "dev", network.Bridge, "src", network.NodeAddress); err != nil {
			return err
		}
	}
	return nil
}

// Status is the version, the address and the state of the node.
func (k *Kube) Status(ctx context.Context) (string, error) {
	var down []string
	for _, name := range processNames {
		if !k.host.Alive(name) {
			down = append(down, name)
		}
	}
	if len(down) == len(processNames) {
		return "", part.ErrDown
	}
	if len(down) > 0 {
		return "", fmt.Errorf("not running: %v", down)
	}
	if err := NewAPI(k.host).nodeReady(ctx); err != nil {
		return "", err
	}
	if err := leadsToAPIServer(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("Kubernetes %s, https://%s, node %s Ready, kubeconfig %s", Version, apiServer, nodeName, Kubeconfig(k.host)), nil
}

// Kubeconfig is the file by which people reach the cluster, as its admin.
func Kubeconfig(h *host.Host) string { return h.State("kubeconfig") }

// DeployerKubeconfig is the file by which the pipeline reaches the cluster
// with no more rights than a deploy needs.
func DeployerKubeconfig(h *host.Host) string { return h.State("deployer.kubeconfig") }

// AuditLog tells what deployers asked of the API server, one audit.k8s.io/v1
// Event in JSON a line.
func AuditLog(h *host.Host) string { return h.State("logs", "audit.log") }
