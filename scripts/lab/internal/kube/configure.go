package kube

import (
	"bytes"
	"embed"
	"fmt"
	"path/filepath"
	"text/template"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/network"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/registry"
)

//go:embed config
var configs embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(configs, "config/*"))

const (
	// runDir is gone after a reboot, as containerd wants it of its state. Paths
	// of sockets must also be short.
	runDir = "/run/team-dashboard-lab"
	socket = runDir + "/containerd.sock"

	// cniNetwork names the pods' network in CNI's notes.
	cniNetwork = "team-dashboard-lab"
)

func dataDir(h *host.Host, parts ...string) string {
	return h.State(append([]string{"kubernetes"}, parts...)...)
}

func configDir(h *host.Host, parts ...string) string {
	return dataDir(h, append([]string{"config"}, parts...)...)
}

// settings fill the templates in config/.
type settings struct {
	*identities
	Config, Data, Run, Socket         string
	CNINetwork, PodCIDR, DNSAddress   string
	NodeAddress, NodeName, PauseImage string
	Registry, Deployers               string
}

// writeConfigs writes the components' files.
func writeConfigs(h *host.Host, ids *identities) error {
	s := settings{
		identities: ids,
		Config:     configDir(h), Data: dataDir(h), Run: runDir, Socket: socket,
		CNINetwork: cniNetwork, PodCIDR: podCIDR, DNSAddress: DNSAddress,
		NodeAddress: network.NodeAddress, NodeName: nodeName, PauseImage: PauseImage,
		Registry: network.RegistryAddress, Deployers: deployers,
	}
	files := map[string]string{
		"containerd.toml":  "containerd.toml",
		"kubelet.yaml":     "kubelet.yaml",
		"proxy.yaml":       "proxy.yaml",
		"audit.yaml":       "audit.yaml",
		"cni/lab.conflist": "cni.conflist",
	}
	for _, name := range registry.Hosts {
		files[filepath.Join("registries", name, "hosts.toml")] = "hosts.toml"
	}
	for file, name := range files {
		text, err := fill(name, s)
		if err != nil {
			return err
		}
		if _, err := host.Write(configDir(h, file), text, 0o644); err != nil {
			return err
		}
	}
	// Pods with dnsPolicy Default get this one. No name server listens there:
	// what a pod may resolve is the cluster's business.
	_, err := host.Write(configDir(h, "resolv.conf"), []byte("nameserver 127.0.0.1\n"), 0o644)
	return err
}

func fill(name string, data any) ([]byte, error) {
	var text bytes.Buffer
	if err := templates.ExecuteTemplate(&text, name, data); err != nil {
		return nil, fmt.Errorf("filling the template %q: %w", name, err)
	}
	return text.Bytes(), nil
}

// fingerprint stands for the contents of files that a process reads at its start.
func fingerprint(files ...string) (string, error) {
	var sums []string
	for _, file := range files {
		sum, err := build.HashFile(file)
		if err != nil {
			return "", err
		}
		sums = append(sums, sum)
	}
	return build.Key(sums...), nil
}
