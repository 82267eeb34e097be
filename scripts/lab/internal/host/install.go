package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// aptLock keeps parts that come up side by side from running apt at the same time.
const aptLock = "/run/lock/team-dashboard-lab-apt"

// Install installs those of the Debian packages that are missing.
func (h *Host) Install(ctx context.Context, packages ...string) error {
	missing := h.missing(ctx, packages)
	if len(missing) == 0 {
		return nil
	}
	names := strings.Join(missing, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("installing %s: the lab knows only Debian's apt-get, which is not here; install what they hold by hand or use a Debian machine", names)
	}
	unlock, err := Lock(ctx, aptLock)
	if err != nil {
		return err
	}
	defer unlock()
	return part.Step(ctx, "installing "+names, func(ctx context.Context) error {
		return apt(ctx, missing)
	})
}

func apt(ctx context.Context, packages []string) error {
	install := append([]string{"-o", "DPkg::Lock::Timeout=600", "install", "--yes", "--no-install-recommends"}, packages...)
	if _, err := Output(aptGet(ctx, install...)); err == nil {
		return nil
	}
	// The lists of a fresh machine are empty or name versions that are gone.
	if _, err := Output(aptGet(ctx, "update")); err != nil {
		return err
	}
	_, err := Output(aptGet(ctx, install...))
	return err
}

func aptGet(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	return cmd
}

func (h *Host) missing(ctx context.Context, packages []string) []string {
	var missing []string
	for _, name := range packages {
		state, err := h.Output(ctx, "dpkg-query", "--show", "--showformat=${db:Status-Status}", name)
		if err != nil || state != "installed" {
			missing = append(missing, name)
		}
	}
	return missing
}
