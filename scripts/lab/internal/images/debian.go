package images

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

const searchPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

var debian = standIn{
	names:  []string{"docker.io/library/debian:trixie-slim"},
	config: v1.Config{Env: []string{searchPath}, Cmd: []string{"bash"}},
}

// basePackages are in all images, beside what every Debian has.
var basePackages = []string{"ca-certificates", "netbase", "tzdata"}

// A root is Debian for one platform, packed: the lowest layer of all images.
type root struct {
	platform string
	layer    v1.Layer
	key      string // of all that made it
	dir      string // holds kept
}

// kept are the files of a root that layers on top of it are made from.
var kept = []string{"var/lib/dpkg/status", "etc/passwd", "etc/group"}

func (r root) file(name string) string { return filepath.Join(r.dir, name) }

// base returns the root for a platform. Both are made together, once.
func (m *maker) base(ctx context.Context, platform string) (root, error) {
	key := build.Key(slices.Concat([]string{edition, suite}, basePackages, m.apt.sources, m.apt.options)...)
	dir, err := build.Once(ctx, m.host, "debian", key, func(ctx context.Context, dir string) error {
		return part.Step(ctx, "making Debian "+suite+" for "+strings.Join(platforms, " and "), func(ctx context.Context) error {
			return m.makeRoots(ctx, dir)
		})
	})
	if err != nil {
		return root{}, err
	}
	r := root{platform: platform, key: key, dir: filepath.Join(dir, platform)}
	r.layer, err = oci.Read(r.dir)
	return r, err
}

func (m *maker) makeRoots(ctx context.Context, dir string) error {
	work := filepath.Join(dir, "work")
	nativeTree, foreignTree := filepath.Join(work, native), filepath.Join(work, foreign)
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	if err := m.bootstrap(ctx, nativeTree); err != nil {
		return err
	}
	if err := m.transplant(ctx, nativeTree, foreignTree); err != nil {
		return err
	}
	for platform, tree := range map[string]string{native: nativeTree, foreign: foreignTree} {
		if err := packRoot(tree, filepath.Join(dir, platform)); err != nil {
			return err
		}
	}
	return os.RemoveAll(work)
}

// bootstrap installs Debian into tree, scripts and all.
func (m *maker) bootstrap(ctx context.Context, tree string) error {
	command := []string{
		"nice", "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
		"--include=" + strings.Join(basePackages, ","),
	}
	for _, option := range m.apt.options {
		command = append(command, "--aptopt="+option)
	}
	return m.host.Run(ctx, slices.Concat(command, []string{suite, tree}, m.apt.sources)...)
}

func packRoot(tree, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := oci.Write(dir, func(w *oci.Writer) error { return w.Tree("", tree, dispensable) }); err != nil {
		return err
	}
	for _, name := range kept {
		if err := copyFile(filepath.Join(tree, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
