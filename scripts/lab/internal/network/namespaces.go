package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// netns is where programs keep network namespaces by name.
const netns = "/run/netns"

// shareNamespaces makes /run/netns a shared mount, as the first "ip netns add"
// would. Done later, it would hide the namespaces of pods that are mounted there.
func (n *Network) shareNamespaces(ctx context.Context) error {
	mounted, err := isMount(netns)
	if err != nil || mounted {
		return err
	}
	if err := os.MkdirAll(netns, 0o755); err != nil {
		return err
	}
	if err := n.host.Run(ctx, "mount", "--bind", netns, netns); err != nil {
		return err
	}
	if err := n.host.Run(ctx, "mount", "--make-shared", netns); err != nil {
		return err
	}
	_, err = host.Write(n.shared(), nil, 0o644)
	return err
}

// unshareNamespaces takes that back, if the lab did it and nobody else has put
// a namespace there meanwhile.
func (n *Network) unshareNamespaces(ctx context.Context) error {
	if _, err := os.Stat(n.shared()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	entries, err := os.ReadDir(netns)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	mounted, err := isMount(netns)
	if err != nil {
		return err
	}
	if mounted && len(entries) == 0 {
		if err := n.host.Run(ctx, "umount", netns); err != nil {
			return err
		}
	}
	return os.Remove(n.shared())
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
