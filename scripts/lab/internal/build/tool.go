package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// A Spec describes programs to be built from a Go module under builds/.
type Spec struct {
	// Name names the programs in the cache and, with Version, to people.
	Name    string
	Version string

	// Dir is the folder of the Go module, below scripts/lab/builds.
	Dir string

	// Packages are the main packages, as "go build" takes them.
	Packages []string

	// Outputs are the names of the programs. One package gets the one name;
	// with more packages, they are the last elements of their paths.
	Outputs []string

	LDFlags string // behind "-s -w"
	Tags    []string
}

// Tool returns the folder that holds the programs of spec, built if need be.
// They are static, and built again only when the module's files, the flags or
// the Go release change.
func Tool(ctx context.Context, h *host.Host, spec Spec) (string, error) {
	dir := h.Lab("builds", spec.Dir)
	key, err := spec.key(dir)
	if err != nil {
		return "", fmt.Errorf("building %s: %w", spec.Name, err)
	}
	return Once(ctx, h, spec.Name, key, func(ctx context.Context, out string) error {
		// One "go build" keeps all cores busy; two only fight over memory.
		unlock, err := host.Lock(ctx, h.Cache(".go-build.lock"))
		if err != nil {
			return err
		}
		defer unlock()
		title := strings.TrimSpace("building " + spec.Name + " " + spec.Version)
		return part.Step(ctx, title, func(ctx context.Context) error {
			return spec.build(ctx, dir, out)
		})
	})
}

func (s Spec) build(ctx context.Context, dir, out string) error {
	target := out + "/"
	if len(s.Packages) == 1 && len(s.Outputs) == 1 {
		target += s.Outputs[0]
	}
	args := []string{
		"-n", "10", "go", "build", "-mod=readonly", "-trimpath", "-buildvcs=false",
		"-ldflags", strings.TrimSpace("-s -w " + s.LDFlags), "-tags", strings.Join(s.Tags, ","), "-o", target,
	}
	cmd := exec.CommandContext(ctx, "nice", append(args, s.Packages...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOTOOLCHAIN=local", "GOFLAGS=")
	if _, err := host.Output(cmd); err != nil {
		return err
	}
	for _, name := range s.Outputs {
		if _, err := os.Stat(filepath.Join(out, name)); err != nil {
			return fmt.Errorf("looking for the program %q of %v: %w", name, s.Packages, err)
		}
	}
	return nil
}

// key stands for all that makes the programs what they are.
func (s Spec) key(dir string) (string, error) {
	files, err := HashDir(dir)
	if err != nil {
		return "", err
	}
	return Key(slices.Concat([]string{runtime.Version(), runtime.GOARCH, files, s.Version, s.LDFlags}, s.Tags, s.Packages, s.Outputs)...), nil
}
