package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// checkFor is how long an engine of somebody else may take to answer.
const checkFor = 30 * time.Second

// Check asks an engine that is not the lab's for its version, by the dagger
// command on PATH.
func Check(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, checkFor)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dagger", "core", "version", "--progress=plain")
	cmd.Env = append(os.Environ(), "_EXPERIMENTAL_DAGGER_RUNNER_HOST="+address, "DO_NOT_TRACK=1", "NO_COLOR=1")
	cmd.WaitDelay = time.Second
	got, err := host.Output(cmd)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("the engine %q does not answer within %s: start it, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to have the lab's", address, checkFor)
	}
	if err != nil {
		return fmt.Errorf("asking the engine %q: %w\n    start that engine, install dagger %s, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to have the lab's", address, err, version)
	}
	if got = strings.TrimSpace(got); got != version {
		return fmt.Errorf("the engine %q is of version %s, the module needs %s: upgrade it, or unset _EXPERIMENTAL_DAGGER_RUNNER_HOST to have the lab's", address, got, version)
	}
	return nil
}
