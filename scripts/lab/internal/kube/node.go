package kube

import (
	"context"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// Names of the processes.
const (
	etcdProcess              = "etcd"
	containerdProcess        = "containerd"
	apiServerProcess         = "kube-apiserver"
	controllerManagerProcess = "kube-controller-manager"
	schedulerProcess         = "kube-scheduler"
	kubeletProcess           = "kubelet"
	proxyProcess             = "kube-proxy"
	netpolProcess            = "netpol"
	volumesProcess           = "volumes"
)

var processNames = []string{
	etcdProcess, containerdProcess, apiServerProcess, controllerManagerProcess, schedulerProcess,
	kubeletProcess, proxyProcess, netpolProcess, volumesProcess,
}

// A node is all that it takes to start the processes.
type node struct {
	host  *host.Host
	tools string // the folder of the programs
	ids   *identities
	api   *API
}

// newNode builds the programs and writes the files.
func (k *Kube) newNode(ctx context.Context) (*node, error) {
	tools, err := buildTools(ctx, k.host)
	if err != nil {
		return nil, err
	}
	ids, err := issueIdentities(ctx, k.host)
	if err != nil {
		return nil, err
	}
	if err := writeConfigs(k.host, ids); err != nil {
		return nil, err
	}
	// Of these, two are for the kernel's eyes only, and etcd insists on its.
	for _, dir := range []string{dataDir(k.host, "etcd"), runDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	return &node{host: k.host, tools: tools, ids: ids, api: NewAPI(k.host)}, nil
}

// A process with the files that it reads at its start.
type process struct {
	host.Process
	reads []string
}

// processes are the node's, in waves: those of one need only those of the
// waves before.
func (n *node) processes() [][]process {
	return [][]process{
		{n.etcd(), n.containerd()},
		{n.apiServer()},
		{n.netpol(), n.controllerManager(), n.scheduler(), n.proxy(), n.volumes(), n.kubelet()},
	}
}

// start brings a wave up side by side.
func (n *node) start(ctx context.Context, wave []process) error {
	var group errgroup.Group
	for _, p := range wave {
		group.Go(func() error {
			inputs, err := fingerprint(p.reads...)
			if err != nil {
				return err
			}
			p.Inputs = inputs
			return n.host.Start(ctx, p.Process)
		})
	}
	return group.Wait()
}

// waitReady waits until the node takes pods.
func (n *node) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		err := n.api.nodeReady(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
