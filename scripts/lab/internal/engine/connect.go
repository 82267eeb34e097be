package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The engine has a network namespace of its own, so that its name server, its
// bridge and its firewall rules stay out of the machine's.
const (
	namespace     = "lab-engine"
	namespaceFile = "/run/netns/" + namespace

	outside        = "lab-engine" // the host's end of the cable
	outsideAddress = "10.99.1.1"
	insideAddress  = "10.99.1.2"
	subnet         = "10.99.1.0/30"

	// mtu leaves room for tunnels on the machine's way out.
	mtu = "1400"
)

// masquerade lets the engine reach the world by the machine's address. It sees
// the lab's own addresses as they are.
const masquerade = `table ip lab-engine
delete table ip lab-engine
table ip lab-engine {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ` + subnet + ` ip daddr != { 10.96.0.0/16, 10.99.0.0/16, 10.244.0.0/16 } masquerade
  }
}
`

// connect makes the namespace and its cable to the host. Each command is
// harmless where it has been given before, so a half-made one gets completed.
func (e *Engine) connect(ctx context.Context) error {
	if _, err := os.Stat(namespaceFile); errors.Is(err, fs.ErrNotExist) {
		// A cable that is there leads into a namespace that lost its name.
		_ = e.host.Run(ctx, "ip", "link", "delete", outside)
		if err := e.host.Run(ctx, "ip", "netns", "add", namespace); err != nil {
			return err
		}
	}
	if e.host.Run(ctx, "ip", "link", "show", outside) != nil {
		if err := e.host.Run(ctx, "ip", "link", "add", outside, "type", "veth", "peer", "name", "eth0", "netns", namespace); err != nil {
			return err
		}
	}
	rules := e.file("masquerade.nft")
	if err := os.MkdirAll(filepath.Dir(rules), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(rules, []byte(masquerade), 0o644); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"ip", "address", "replace", outsideAddress + "/30", "dev", outside},
		{"ip", "link", "set", outside, "up"},
		{"ip", "-n", namespace, "address", "replace", insideAddress + "/30", "dev", "eth0"},
		{"ip", "-n", namespace, "link", "set", "eth0", "mtu", mtu, "up"},
		{"ip", "-n", namespace, "link", "set", "lo", "up"},
		{"ip", "-n", namespace, "route", "replace", "default", "via", outsideAddress},
		{"nft", "--file", rules},
	} {
		if err := e.host.Run(ctx, command...); err != nil {
			return err
		}
	}
	return nil
}

// disconnect removes the rules and the namespace; the cable goes with it.
func (e *Engine) disconnect(ctx context.Context) error {
	var errs []error
	if e.host.Run(ctx, "nft", "list", "table", "ip", "lab-engine") == nil {
		errs = append(errs, e.host.Run(ctx, "nft", "delete", "table", "ip", "lab-engine"))
	}
	if e.host.Run(ctx, "ip", "link", "show", outside) == nil {
		errs = append(errs, e.host.Run(ctx, "ip", "link", "delete", outside))
	}
	if _, err := os.Stat(namespaceFile); err == nil {
		errs = append(errs, e.host.Run(ctx, "ip", "netns", "delete", namespace))
	}
	return errors.Join(errs...)
}

// resolves says whether the engine's name server lives.
func (e *Engine) resolves() error {
	home, err := os.Stat(namespaceFile)
	if err != nil {
		return fmt.Errorf("the engine has no network: %w", err)
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		name, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "comm"))
		if err != nil || strings.TrimSpace(string(name)) != "dnsmasq" {
			continue
		}
		if where, err := os.Stat(filepath.Join("/proc", entry.Name(), "ns", "net")); err == nil && os.SameFile(home, where) {
			return nil
		}
	}
	return errors.New("the engine's name server is dead")
}
