//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// folderOfTheRun holds what tests hand to each other: release files and env files; and in told, what the pipeline said.
var folderOfTheRun string

func TestMain(m *testing.M) {
	for _, command := range []string{"dagger", "kubectl"} {
		if _, err := exec.LookPath(command); err != nil {
			fmt.Fprintf(os.Stderr, "no %s on the PATH: run the end-to-end tests with make e2e, which brings up the lab\n", command)
			os.Exit(1)
		}
	}
	folder, err := os.MkdirTemp("", "e2e")
	if err == nil {
		err = os.Mkdir(filepath.Join(folder, "told"), 0o700)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	folderOfTheRun = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}
