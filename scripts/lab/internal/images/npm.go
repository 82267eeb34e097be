package images

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// npmPackage fetches a package of npm into a folder below dir and returns the
// folder that holds its files. npm checks what it gets.
func npmPackage(ctx context.Context, h *host.Host, dir, name, version string) (string, error) {
	if err := haveNPM(ctx, h); err != nil {
		return "", err
	}
	into := filepath.Join(dir, name)
	if err := os.MkdirAll(into, 0o755); err != nil {
		return "", err
	}
	if err := h.Run(ctx, "npm", "pack", "--silent", "--pack-destination="+into, name+"@"+version); err != nil {
		return "", err
	}
	archive := filepath.Join(into, fmt.Sprintf("%s-%s.tgz", name, version))
	if err := h.Run(ctx, "tar", "--extract", "--no-same-owner", "--preserve-permissions", "--file="+archive, "--directory="+into); err != nil {
		return "", err
	}
	return filepath.Join(into, "package"), nil
}

// npmSettings is the npmrc that makes npm in an image use the registry that
// this machine is configured to use.
func npmSettings(ctx context.Context, h *host.Host) (string, error) {
	if err := haveNPM(ctx, h); err != nil {
		return "", err
	}
	registry, err := h.Output(ctx, "npm", "config", "get", "registry")
	if err != nil {
		return "", err
	}
	return "registry=" + strings.TrimSpace(registry) + "\n", nil
}

// haveNPM installs npm, unless the machine has one, of whatever origin.
func haveNPM(ctx context.Context, h *host.Host) error {
	if _, err := exec.LookPath("npm"); err == nil {
		return nil
	}
	return h.Install(ctx, "npm")
}
