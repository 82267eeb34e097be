package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// holderFile names the folder of the lab that has the machine. Labs have the
// same addresses and devices whatever their folders are, so there is one at a
// time. It lies where it is gone after a boot, as what it stands for is.
var holderFile = "/run/team-dashboard-lab.folder"

// Hold notes that the machine is h's.
func (h *Host) Hold() error {
	_, err := Write(holderFile, []byte(h.Root+"\n"), 0o644)
	return err
}

// Release notes that the machine is no lab's.
func (h *Host) Release() error { return os.RemoveAll(holderFile) }

// Other is the lab of another folder that had the machine and was killed; nil
// when there is none. One that lives is an error.
func (h *Host) Other() (*Host, error) {
	text, err := os.ReadFile(holderFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("finding the lab that has the machine: %w", err)
	}
	other := &Host{Root: strings.TrimSuffix(string(text), "\n"), Repo: h.Repo}
	if other.Root == h.Root {
		return nil, nil
	}
	lives, err := other.lives()
	if err != nil {
		return nil, err
	}
	if lives {
		return nil, fmt.Errorf("the lab in %[1]s is up, and a machine has room for one; use it with TEAM_DASHBOARD_LAB_DIR=%[1]s, or take it down with TEAM_DASHBOARD_LAB_DIR=%[1]s make lab-down", other.Root)
	}
	return other, nil
}

// lives says whether any process of the lab does.
func (h *Host) lives() (bool, error) {
	entries, err := os.ReadDir(h.State("pids"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	for _, entry := range entries {
		if h.Alive(entry.Name()) {
			return true, nil
		}
	}
	return false, nil
}
