//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
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
	if err := asTheDeployer(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
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

// asTheDeployer lets every `dagger call` of the run, and every script that makes one, use the cluster with the rights of
// the Role deployer and no others. kubectl stays the administrator's. It notes where the audit log of those rights ends
// now.
func asTheDeployer() error {
	deployer, log := os.Getenv("TEAM_DASHBOARD_LAB_DEPLOYER_KUBECONFIG"), os.Getenv("TEAM_DASHBOARD_LAB_AUDIT_LOG")
	if deployer == "" || log == "" {
		return errors.New("the lab says nothing of its deployer or audit log: run the end-to-end tests with make e2e, on the lab's own cluster")
	}
	var err error
	if auditSince, err = audit.Open(log); err != nil {
		return fmt.Errorf("looking for the audit log: %w; bring the lab up again: make lab", err)
	}
	// The lab's .env names the kubeconfig by this variable.
	return os.Setenv("TEAM_DASHBOARD_LAB_KUBECONFIG", deployer)
}
