package render

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// linked is a file system in memory with symbolic links, which kyaml's lacks.
// kustomize asks where a path really is, as it does on a disk, and by that
// decides what a relative path starts from and what lies outside of a
// kustomization: a link means here what it means to `kubectl kustomize`.
type linked struct {
	filesys.FileSystem
	targets map[string]target
}

// target is what a link leads to: a path below root without further links, or
// the reason why there is none.
type target struct {
	path string
	err  error
}

// resolve follows the link at a path of dir. Only the folder of the manifests
// reaches the pipeline, so a link that leads out of it leads nowhere.
func resolve(dir, link string) target {
	base, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return target{err: err}
	}
	real, err := filepath.EvalSymlinks(filepath.Join(base, filepath.FromSlash(link)))
	if err != nil {
		return target{err: errors.New("is a link to something that is not there")}
	}
	relative, err := filepath.Rel(base, real)
	if err != nil || !filepath.IsLocal(relative) {
		return target{err: errors.New("is a link that leads out of the folder of the manifests; put a copy in its place")}
	}
	return target{path: path.Join(root, filepath.ToSlash(relative))}
}

// real is the path with its links followed.
func (l *linked) real(name string) (string, error) {
	at := ""
	for part := range strings.SplitSeq(strings.TrimPrefix(path.Clean(name), "/"), "/") {
		at += "/" + part
		if found, ok := l.targets[at]; ok {
			if found.err != nil {
				return "", fmt.Errorf("%s %w", display(at), found.err)
			}
			at = found.path
		}
	}
	return at, nil
}

// CleanedAbs implements filesys.FileSystem.
func (l *linked) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	real, err := l.real(name)
	if err != nil {
		return "", "", err
	}
	return l.FileSystem.CleanedAbs(real)
}

// Exists implements filesys.FileSystem.
func (l *linked) Exists(name string) bool {
	real, err := l.real(name)
	return err == nil && l.FileSystem.Exists(real)
}

// IsDir implements filesys.FileSystem.
func (l *linked) IsDir(name string) bool {
	real, err := l.real(name)
	return err == nil && l.FileSystem.IsDir(real)
}

// ReadFile implements filesys.FileSystem.
func (l *linked) ReadFile(name string) ([]byte, error) {
	real, err := l.real(name)
	if err != nil {
		return nil, err
	}
	return l.FileSystem.ReadFile(real)
}

// display names a file as people know it: k8s/…
func display(file string) string { return strings.TrimPrefix(file, "/") }
