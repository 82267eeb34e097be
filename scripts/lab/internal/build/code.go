package build

import (
	"fmt"
	"runtime"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// Code stands for what a process of the lab's own program does: the code of
// its package below internal, the modules in use and the Go release. It is a
// process's Inputs, so that the process is replaced when that changes, and not
// when some other part does, or when another clone of the repository brings
// the lab up.
func Code(h *host.Host, pkg string) (string, error) {
	code, err := HashDir(h.Lab("internal", pkg))
	if err != nil {
		return "", err
	}
	modules, err := HashFile(h.Lab("go.sum"))
	if err != nil {
		return "", fmt.Errorf("hashing the versions of modules: %w", err)
	}
	return Key(runtime.Version(), modules, code), nil
}
