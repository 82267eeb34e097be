package images

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/build"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// An addition is a layer of Debian packages on top of the root. They are only
// unpacked, on both platforms; what their scripts would set up and the image
// needs, finish adds.
type addition struct {
	name     string
	packages []string

	// without names packages that the others want and the image can do
	// without: they are heavy, and serve scripts or features not used here.
	without []string

	// skip are patterns (as of path.Match) of files to be left out.
	skip []string

	account account
	scripts map[string]string // files to be run: path in the image -> text
	finish  func(w *oci.Writer) error
}

// key stands for all that decides what is in the layer, but for finish: that
// is code, for which edition stands.
func (a addition) key(base root) string {
	// Maps print in the order of their keys.
	return build.Key(base.key, fmt.Sprintf("%q %q %q %q %+v", a.packages, a.without, a.skip, a.scripts, a.account))
}

func (a addition) layer(ctx context.Context, m *maker, base root) (v1.Layer, error) {
	return oci.Pack(ctx, m.host, a.name+"-"+base.platform, a.key(base), func(ctx context.Context, w *oci.Writer) error {
		return part.Step(ctx, "adding "+a.name+" for "+base.platform, func(ctx context.Context) error {
			return a.write(ctx, m, base, w)
		})
	})
}

func (a addition) write(ctx context.Context, m *maker, base root, w *oci.Writer) error {
	archive, err := m.archive(ctx, base.platform)
	if err != nil {
		return err
	}
	status, err := a.pretend(archive, base)
	if err != nil {
		return err
	}
	debs, err := archive.fetch(ctx, status, a.packages...)
	if err != nil {
		return err
	}
	tree, err := os.MkdirTemp(archive.dir, "tree-")
	if err != nil {
		return err
	}
	if err := unpack(ctx, m.host, debs, tree); err != nil {
		return err
	}
	if err := m.register(ctx, debs, tree); err != nil {
		return err
	}
	if err := w.Tree("", tree, a.leavesOut); err != nil {
		return err
	}
	return a.complete(w, base)
}

// complete adds what the packages do not bring.
func (a addition) complete(w *oci.Writer, base root) error {
	if err := a.account.write(w, base); err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(a.scripts)) {
		if err := w.Text(path, 0o755, []byte(a.scripts[path])); err != nil {
			return err
		}
	}
	return a.finish(w)
}

func (a addition) leavesOut(path string) bool {
	matches := func(pattern string) bool {
		matched, err := filepath.Match(pattern, path)
		return err == nil && matched
	}
	return dispensable(path) || slices.ContainsFunc(a.skip, matches)
}

// pretend writes a dpkg status for apt in which the root's packages are
// installed, and those that the image does without.
func (a addition) pretend(archive *archive, base root) (string, error) {
	status, err := os.ReadFile(base.file("var/lib/dpkg/status"))
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(status)) + "\n"
	for _, name := range a.without {
		text += fmt.Sprintf("\nPackage: %s\nStatus: install ok installed\nArchitecture: %s\nMulti-Arch: foreign\nVersion: 99:9\nMaintainer: lab\nDescription: left out\n", name, base.platform)
	}
	file := filepath.Join(archive.dir, "status-"+a.name)
	return file, os.WriteFile(file, []byte(text), 0o644)
}

// register tells scanners which packages the layer has: one file each in
// dpkg's status.d, where they look in images that were not made by dpkg.
func (m *maker) register(ctx context.Context, debs []string, tree string) error {
	folder := filepath.Join(tree, "var/lib/dpkg/status.d")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, deb := range debs {
		control, err := m.host.Output(ctx, "dpkg-deb", "--field", deb)
		if err != nil {
			return err
		}
		name, _, _ := strings.Cut(filepath.Base(deb), "_")
		if err := os.WriteFile(filepath.Join(folder, name), []byte(control), 0o644); err != nil {
			return err
		}
	}
	return nil
}
