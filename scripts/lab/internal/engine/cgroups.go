package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// cgroup is the control group that the engine's containers are in.
const cgroup = "lab-engine"

// removeCgroups removes the empty groups that the engine leaves behind, in
// every hierarchy that the machine has (cgroup v1 has one per controller).
func removeCgroups() error {
	tops, err := filepath.Glob("/sys/fs/cgroup/*/" + cgroup)
	if err != nil {
		return err
	}
	var errs []error
	for _, top := range append(tops, "/sys/fs/cgroup/"+cgroup) {
		errs = append(errs, removeGroups(top))
	}
	return errors.Join(errs...)
}

// removeGroups removes a group with those below it. The files in their folders
// are the kernel's and go with them.
func removeGroups(top string) error {
	var dirs []string
	err := filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, dir := range slices.Backward(dirs) {
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
