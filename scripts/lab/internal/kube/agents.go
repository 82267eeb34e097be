package kube

import (
	"context"
	"fmt"
	"net"
	"os/exec"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
)

func (n *node) containerd() process {
	config := configDir(n.host, "containerd.toml")
	return process{
		Process: host.Process{
			Name:         containerdProcess,
			Command:      []string{"containerd", "--config=" + config, "--log-level=warn"},
			KeepChildren: true, // the pods
			Ready: func(ctx context.Context) error {
				_, err := host.Output(exec.CommandContext(ctx, "ctr", "--address="+socket, "version"))
				return err
			},
		},
		reads: []string{config},
	}
}

func (n *node) kubelet() process {
	config := configDir(n.host, "kubelet.yaml")
	return process{
		Process: host.Process{
			Name: kubeletProcess,
			Command: []string{
				n.tools + "/hyperkube", "kubelet",
				"--config=" + config,
				"--kubeconfig=" + n.ids.Kubelet,
				"--hostname-override=" + nodeName,
				"--node-ip=" + network.NodeAddress,
				"--root-dir=" + dataDir(n.host, "kubelet"),
			},
			Ready: answers("http://" + network.NodeAddress + ":10248/healthz"),
		},
		reads: []string{config, n.ids.Kubelet, n.ids.KubeletServer.Cert},
	}
}

func (n *node) proxy() process {
	config := configDir(n.host, "proxy.yaml")
	return process{
		Process: host.Process{
			Name: proxyProcess,
			// It takes chains that it finds for complete, so it must not find what an
			// earlier one was killed in the midst of.
			Command: []string{"sh", "-c", `nft delete table ip kube-proxy 2>/dev/null; exec "$0" "$@"`,
				n.tools + "/hyperkube", "kube-proxy", "--config=" + config},
			Ready: func(ctx context.Context) error {
				if err := answers("http://" + network.NodeAddress + ":10256/healthz")(ctx); err != nil {
					return err
				}
				return leadsToAPIServer(ctx)
			},
		},
		reads: []string{config, n.ids.Proxy},
	}
}

// leadsToAPIServer takes the way that pods take: by the API server's Service.
func leadsToAPIServer(ctx context.Context) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(apiServiceAddress, "443"))
	if err != nil {
		return fmt.Errorf("reaching the API server by its Service: %w", err)
	}
	return conn.Close()
}

func (n *node) netpol() process {
	return process{
		Process: host.Process{
			Name: netpolProcess,
			Command: []string{
				n.tools + "/netpol",
				"-kubeconfig", n.ids.Admin, "-pod-cidr", podCIDR, "-cni-results", cniResults,
			},
			Ready: func(ctx context.Context) error {
				return n.host.Run(ctx, "nft", "list", "table", "ip", netpolTable)
			},
		},
		reads: []string{n.ids.Admin},
	}
}

func (n *node) volumes() process {
	return process{
		Process: host.Process{
			Name: volumesProcess,
			Command: []string{
				n.tools + "/volumes",
				"-kubeconfig", n.ids.Admin, "-provisioner", Provisioner, "-dir", dataDir(n.host, "volumes"),
			},
		},
		reads: []string{n.ids.Admin},
	}
}
