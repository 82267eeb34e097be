package workspace_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/workspace"
)

type tree map[string]string

func (t tree) Exists(_ context.Context, path string) (bool, error) {
	_, ok := t[path]
	return ok, nil
}
func (t tree) Contents(_ context.Context, path string) (string, error) { return t[path], nil }

const manifest = `{"packageManager":"pnpm@10.34.9","engines":{"node":">=24 <25"},"scripts":{"validate":"true"}}`

func whole(manifest string) tree {
	return tree{"package.json": manifest, "pnpm-workspace.yaml": "", "pnpm-lock.yaml": ""}
}

func TestReadTakesTheToolsThatPackageJSONNames(t *testing.T) {
	for _, c := range []struct{ engines, node string }{
		{">=24 <25", "24"}, {"24.x", "24"}, {"^24.3.0", "24"}, {"24", "24"}, {"v22.1.0", "22"}, {"~26.1", "26"},
	} {
		got, err := workspace.Read(context.Background(), whole(`{"packageManager":"pnpm@10.34.9+sha512.ab12","engines":{"node":"`+c.engines+`"},"scripts":{"validate":"true"}}`))
		require.NoError(t, err, c.engines)
		assert.Equal(t, c.node, got.Node, c.engines)
		assert.Equal(t, "10.34.9", got.Pnpm)
		assert.Equal(t, "docker.io/library/node:"+c.node+"-trixie-slim", got.NodeImage())
	}
}

func TestReadRefusesWhatItCannotInstall(t *testing.T) {
	without := func(file string) tree {
		files := whole(manifest)
		delete(files, file)
		return files
	}
	for name, c := range map[string]struct {
		files tree
		says  []string
	}{
		"empty folder": {tree{}, []string{"no package.json", "no pnpm-workspace.yaml", "no pnpm-lock.yaml", "--source"}},
		"no lockfile":  {without("pnpm-lock.yaml"), []string{"source: no pnpm-lock.yaml;"}},
		"no workspace": {without("pnpm-workspace.yaml"), []string{"source: no pnpm-workspace.yaml;"}},
		"not YAML": {func() tree { files := whole(manifest); files["pnpm-workspace.yaml"] = "packages: ["; return files }(),
			[]string{"source: pnpm-workspace.yaml is not YAML"}},
		"another spelling":   {whole(strings.Replace(manifest, "packageManager", "packagemanager", 1)), []string{`packageManager is ""`}},
		"not JSON":           {whole("{"), []string{"package.json is not JSON"}},
		"npm":                {whole(`{"packageManager":"npm@10.0.0","engines":{"node":"24"},"scripts":{"validate":"x"}}`), []string{`"npm@10.0.0"`, "pnpm@10.34.9"}},
		"a range of pnpm":    {whole(`{"packageManager":"pnpm@10","engines":{"node":"24"},"scripts":{"validate":"x"}}`), []string{`"pnpm@10"`}},
		"everything at once": {whole(`{}`), []string{"packageManager", "engines.node", `"validate"`}},
	} {
		_, err := workspace.Read(context.Background(), c.files)
		require.Error(t, err, name)
		for _, text := range c.says {
			assert.ErrorContains(t, err, text, name)
		}
	}
}

func TestCheckDockerfilesNamesEachMissingOne(t *testing.T) {
	app := config.TeamDashboard()
	files := tree{}
	for _, image := range app.AllImages() {
		files[workspace.Dockerfile(image)] = "FROM scratch"
	}
	require.NoError(t, workspace.CheckDockerfiles(context.Background(), files, app))

	delete(files, "k8s/dockerfiles/Dockerfile.mcp-manager")
	delete(files, "k8s/dockerfiles/Dockerfile.smoke")
	err := workspace.CheckDockerfiles(context.Background(), files, app)
	assert.ErrorContains(t, err, "no k8s/dockerfiles/Dockerfile.mcp-manager, no k8s/dockerfiles/Dockerfile.smoke;")
}

func TestCheckDockerfilesNamesThoseWithWindowsLineEnds(t *testing.T) {
	app := config.TeamDashboard()
	files := tree{}
	for _, image := range app.AllImages() {
		files[workspace.Dockerfile(image)] = "FROM scratch\n"
	}
	files["k8s/dockerfiles/Dockerfile.postgres"] = "FROM scratch\r\n"
	err := workspace.CheckDockerfiles(context.Background(), files, app)
	assert.ErrorContains(t, err, "source: k8s/dockerfiles/Dockerfile.postgres: Windows line ends (CRLF)")
}

func TestWhatPnpmFetchReads(t *testing.T) {
	base := []string{"package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", ".npmrc"}
	for name, c := range map[string]struct {
		manifest, workspace string
		patches             []string
	}{
		"nothing more": {manifest, "packages:\n  - apps/*\n", nil},
		"patches of the workspace": {manifest, "patchedDependencies:\n  ms@2.1.3: patches/ms@2.1.3.patch\n  '@a/b': ./fixes/[b].diff\n",
			[]string{`fixes/\[b\].diff`, "patches/ms@2.1.3.patch"}},
		"patches of package.json":  {strings.Replace(manifest, "{", `{"pnpm":{"patchedDependencies":{"ms":"ms.patch"}},`, 1), "", []string{"ms.patch"}},
		"a patch of another place": {manifest, "patchedDependencies: {ms: ../ms.patch}\n", nil},
		"byte order marks":         {"\ufeff" + manifest, "\ufeffpatchedDependencies: {ms: ms.patch}\r\n", []string{"ms.patch"}},
	} {
		files := whole(c.manifest)
		files["pnpm-workspace.yaml"] = c.workspace
		got, err := workspace.Read(context.Background(), files)
		require.NoError(t, err, name)
		assert.Equal(t, append(base[:len(base):len(base)], c.patches...), got.Fetch, name)
	}
}
