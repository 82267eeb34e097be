package workspace

import (
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// settings are pnpm's, in pnpm-workspace.yaml or below "pnpm" in package.json.
type settings struct {
	PatchedDependencies map[string]string `json:"patchedDependencies"`
}

// fetchFiles are what `pnpm fetch` reads, which downloads all that the lockfile names: the download stays cached while
// only sources change. Patches lie where the settings say.
//
// It is the only step that sees less than the whole source. What an install runs and links (the hooks of .pnpmfile.cjs
// and what they require, lifecycle scripts of the workspace's packages, their binaries, dependencies on files) can be
// anywhere in it, so the install comes after the sources: with everything downloaded that takes about a second.
func fetchFiles(inManifest settings, workspaceYAML string) ([]string, error) {
	var inWorkspace settings
	if err := yaml.Unmarshal([]byte(workspaceYAML), &inWorkspace); err != nil {
		return nil, fmt.Errorf("source: %s is not YAML: %w", workspaceFile, err)
	}
	files := []string{manifestFile, workspaceFile, lockFile, ".npmrc"}
	for _, patches := range []map[string]string{inManifest.PatchedDependencies, inWorkspace.PatchedDependencies} {
		for _, name := range slices.Sorted(maps.Keys(patches)) {
			if filepath.IsLocal(patches[name]) {
				files = append(files, Literal(path.Clean(patches[name])))
			}
		}
	}
	return files, nil
}

// Literal is the pattern that matches one path: of the names of Next.js' routes, such as [id], nothing is a wildcard.
func Literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, `!`, `\!`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(path)
}
