package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write gives the file at path this content and mode, with its folders, and
// says whether that changed anything. A file that is right already is not
// touched: some programs act on a mere rewrite of their configuration.
func Write(path string, content []byte, mode fs.FileMode) (changed bool, err error) {
	old, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(old, content):
		return false, os.Chmod(path, mode)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, fmt.Errorf("writing %q: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, err
	}
	// A reader sees the old file or the new one, never half of one.
	draft := path + ".new"
	if err := os.WriteFile(draft, content, mode); err != nil {
		return false, err
	}
	if err := os.Chmod(draft, mode); err != nil { // the umask may have narrowed it
		return false, err
	}
	return true, os.Rename(draft, path)
}

// Link makes name a symbolic link to target, whatever it was before.
func Link(target, name string) error {
	if now, err := os.Readlink(name); err == nil && now == target {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	draft := name + ".new"
	if err := os.RemoveAll(draft); err != nil {
		return err
	}
	if err := os.Symlink(target, draft); err != nil {
		return err
	}
	return os.Rename(draft, name)
}
