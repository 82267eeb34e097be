package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// transplant makes the foreign tree of the packages that the native tree has:
// it unpacks them, and adds what their scripts wrote in the native tree, which
// is the same on every platform (accounts, alternatives, the CA bundle).
func (m *maker) transplant(ctx context.Context, nativeTree, foreignTree string) error {
	archive, err := m.archive(ctx, foreign)
	if err != nil {
		return err
	}
	packages, err := m.host.Output(ctx, "dpkg-query", "--admindir="+filepath.Join(nativeTree, "var/lib/dpkg"), "--show", "--showformat=${Package}\n")
	if err != nil {
		return err
	}
	debs, err := archive.fetch(ctx, noPackages, strings.Fields(packages)...)
	if err != nil {
		return err
	}
	if err := unpack(ctx, m.host, debs, foreignTree); err != nil {
		return err
	}
	owned, err := ownedFiles(nativeTree)
	if err != nil {
		return err
	}
	if err := graft(nativeTree, foreignTree, owned); err != nil {
		return fmt.Errorf("completing the tree for %s: %w", foreign, err)
	}
	return nil
}

// ownedFiles are the paths that packages of a tree brought, by dpkg's account.
func ownedFiles(tree string) (map[string]bool, error) {
	lists, err := filepath.Glob(filepath.Join(tree, "var/lib/dpkg/info/*.list"))
	if err != nil {
		return nil, err
	}
	owned := map[string]bool{}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			owned[strings.TrimPrefix(strings.TrimSpace(line), "/")] = true
		}
	}
	return owned, nil
}

// nativeTriplet is in the paths of libraries for the native platform.
const nativeTriplet = "x86_64-linux-gnu"

// bound says whether a file that a script wrote fits one platform only.
func bound(path string) bool {
	return path == "etc/ld.so.cache" || path == "lib64" || path == "usr/lib64" ||
		strings.Contains(path, nativeTriplet) || strings.HasPrefix(path, "var/lib/dpkg/info/")
}

// graft copies from one tree to another what is not owned by a package and
// not there yet, and links that a script put in the place of a folder (/var/run).
func graft(from, to string, owned map[string]bool) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == from {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		there, err := os.Lstat(target)
		switch {
		case err == nil && there.IsDir() && entry.Type() == fs.ModeSymlink:
			if err := os.Remove(target); err != nil {
				return err
			}
		case err == nil || owned[name] || bound(name) || dispensable(name):
			return nil
		}
		return graftOne(name, path, target, entry)
	})
}

func graftOne(name, path, target string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case fs.ModeSymlink:
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return os.Symlink(link, target)
	case fs.ModeDir:
		err = os.Mkdir(target, 0o755)
	case 0:
		var text []byte
		if text, err = os.ReadFile(path); err != nil {
			return err
		}
		err = os.WriteFile(target, translated(name, text), 0o644)
	default:
		return nil
	}
	stat := info.Sys().(*syscall.Stat_t)
	// The mode comes last: a change of owner clears the set-id bits.
	return errors.Join(err, os.Lchown(target, int(stat.Uid), int(stat.Gid)), os.Chmod(target, info.Mode()))
}

// translated is a file's text in the foreign tree: dpkg's account of the
// packages names the platform.
func translated(name string, text []byte) []byte {
	if !slices.Contains([]string{"var/lib/dpkg/status", "var/lib/dpkg/arch"}, name) {
		return text
	}
	text = bytes.ReplaceAll(text, []byte("Architecture: "+native+"\n"), []byte("Architecture: "+foreign+"\n"))
	if name == "var/lib/dpkg/arch" {
		text = bytes.ReplaceAll(text, []byte(native), []byte(foreign))
	}
	return text
}
