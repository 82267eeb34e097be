package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cgroups is where the kernel shows its control groups.
var cgroups = "/sys/fs/cgroup"

// emptyWithin is how long the kernel may take to let go of a control group
// whose processes were killed.
const emptyWithin = 10 * time.Second

// RemoveCgroup removes the control group of that name, with those in it, in
// every hierarchy that the machine has: with version 1 there is one for each
// controller. None is fine.
func (h *Host) RemoveCgroup(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, emptyWithin)
	defer cancel()
	tops, err := filepath.Glob(filepath.Join(cgroups, "*", name))
	if err != nil {
		return err
	}
	var errs []error
	for _, top := range append(tops, filepath.Join(cgroups, name)) {
		errs = append(errs, removeGroups(ctx, top))
	}
	return errors.Join(errs...)
}

// removeGroups removes a group with those in it, the innermost first. The files
// in their folders are the kernel's and go with them.
func removeGroups(ctx context.Context, top string) error {
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
		if err := removeGroup(ctx, dir); err != nil {
			return fmt.Errorf("removing the control group %q: %w", dir, err)
		}
	}
	return nil
}

// removeGroup waits for the last process of a group to be gone.
func removeGroup(ctx context.Context, dir string) error {
	for {
		err := os.Remove(dir)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(tryEvery / 5):
		}
	}
}
