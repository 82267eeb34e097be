package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// netns is where programs keep network namespaces by name.
var netns = "/run/netns"

// shareNamespaces makes /run/netns a shared mount, as the first "ip netns add"
// would, and remembers whether that was the lab's doing.
func (n *Network) shareNamespaces(ctx context.Context) error {
	mounted, err := isMount(netns)
	if err != nil || mounted {
		return err
	}
	if err := os.MkdirAll(netns, 0o755); err != nil {
		return err
	}
	// The marker first: killed in between, the lab would not know its own mount.
	if _, err := host.Write(n.shared(), nil, 0o644); err != nil {
		return err
	}
	// Recursively, or namespaces that are there already would be hidden.
	if err := n.host.Run(ctx, "mount", "--rbind", netns, netns); err != nil {
		return err
	}
	return n.host.Run(ctx, "mount", "--make-shared", netns)
}

// unshareNamespaces takes that back, if the lab did it. While somebody else
// has a namespace there, the mount stays, to be taken back by a later Down.
func (n *Network) unshareNamespaces(ctx context.Context) error {
	if _, err := os.Stat(n.shared()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	others, err := names(netns)
	if err != nil {
		return err
	}
	if len(others) > 0 {
		part.Info(ctx, "%s stays mounted, since it has %s, which the lab did not make; remove what nobody needs by ip netns delete, then run the lab's down again",
			netns, strings.Join(others, ", "))
		return nil
	}
	for {
		mounted, err := isMount(netns)
		if err != nil {
			return err
		}
		if !mounted {
			break
		}
		if err := n.host.Run(ctx, "umount", netns); err != nil {
			return err
		}
	}
	return os.Remove(n.shared())
}

// names are what a folder holds. One that is not there holds nothing.
func names(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, nil
}

// shared is the file that remembers that the lab made the mount.
func (n *Network) shared() string { return n.host.State("netns-shared") }

func isMount(path string) (bool, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, fmt.Errorf("reading the mounts: %w", err)
	}
	for line := range bytes.Lines(mounts) {
		// Field 5 is the mount point; see proc(5).
		if fields := bytes.Fields(line); len(fields) > 4 && string(fields[4]) == path {
			return true, nil
		}
	}
	return false, nil
}
