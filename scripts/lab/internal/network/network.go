// Package network gives the lab its addresses: a bridge without ports that
// the host, pods and the engine's containers all reach.
package network

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

const (
	// Bridge is the device that has the lab's addresses.
	Bridge = "lab0"

	// NodeAddress is where the API server, the kubelet and the ingress listen.
	NodeAddress = "10.99.0.1"

	// RegistryAddress is where the registry, the module proxy and the object store listen.
	RegistryAddress = "10.99.0.2"
)

// A Network is the part; New makes it.
type Network struct{ host *host.Host }

func New(h *host.Host) *Network { return &Network{host: h} }

func (*Network) Name() string { return "network" }

// Up makes the bridge, and lets the kernel forward packets between it, the
// pods and the engine.
func (n *Network) Up(ctx context.Context) error {
	if err := n.host.Install(ctx, "iproute2", "nftables"); err != nil {
		return err
	}
	if n.host.Run(ctx, "ip", "link", "show", Bridge) != nil {
		if err := n.host.Run(ctx, "ip", "link", "add", Bridge, "type", "bridge"); err != nil {
			return err
		}
	}
	for _, address := range []string{NodeAddress, RegistryAddress} {
		if err := n.host.Run(ctx, "ip", "address", "replace", address+"/32", "dev", Bridge); err != nil {
			return err
		}
	}
	if err := n.host.Run(ctx, "ip", "link", "set", Bridge, "up"); err != nil {
		return err
	}
	if err := n.shareNamespaces(ctx); err != nil {
		return err
	}
	return n.host.Sysctl("net.ipv4.ip_forward", "1")
}

// Down removes the bridge. The network comes up first and goes down last, so
// it also gives the kernel its settings back.
func (n *Network) Down(ctx context.Context) error {
	if n.host.Run(ctx, "ip", "link", "show", Bridge) == nil {
		if err := n.host.Run(ctx, "ip", "link", "delete", Bridge); err != nil {
			return err
		}
	}
	if err := n.unshareNamespaces(ctx); err != nil {
		return err
	}
	return n.host.RestoreSysctls()
}

// Status is the addresses.
func (n *Network) Status(ctx context.Context) (string, error) {
	if n.host.Run(ctx, "ip", "link", "show", Bridge) != nil {
		return "", part.ErrDown
	}
	addresses, err := n.host.Output(ctx, "ip", "-4", "-brief", "address", "show", "dev", Bridge)
	if err != nil {
		return "", err
	}
	for _, address := range []string{NodeAddress, RegistryAddress} {
		if !strings.Contains(addresses, " "+address+"/") {
			return "", fmt.Errorf("the device %s lacks the address %s; run the lab's up", Bridge, address)
		}
	}
	return fmt.Sprintf("%s with %s and %s", Bridge, NodeAddress, RegistryAddress), nil
}
