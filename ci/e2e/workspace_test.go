//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What an install needs can be anywhere in a workspace: hooks of pnpm, a patch, a lifecycle script that makes a source, a
// command of another package. An env file that git tracks is a part of the build, and those that it ignores are not.
//
// The patch is a `git diff` over the example application. When it does not apply any more: apply it with --reject, mend
// what is left, run `pnpm install --lockfile-only`, and take the diff again.
func TestAWorkspaceIsBuiltFromAllThatGitTracks(t *testing.T) {
	folder := v1.source(t)
	patch, err := filepath.Abs("testdata/workspace.patch")
	require.NoError(t, err)
	v1.git(t, folder, "apply", patch)
	v1.git(t, folder, "add", "--all")
	v1.git(t, folder, "add", "--force", "apps/dashboard/.env.production")
	v1.git(t, folder, "commit", "--quiet", "--message", "workspace")
	for _, name := range []string{".env", ".env.local", ".env.production.local", "dist/leftover.txt"} {
		file := filepath.Join(folder, "apps/dashboard", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		write(t, file, "NEXT_PUBLIC_SUPPORT_URL=https://leftover.example.invalid\n")
	}

	assert.Contains(t, mustCall(t, "--source", folder, "validate"), "pnpm validate: passed")
	mustCall(t, "--source", folder, "build", "--platforms", "linux/amd64")
	found := mustCall(t, "--source", folder, "image", "--name", "dashboard",
		"with-exec", "--args", "grep,-rhoE,(support|leftover)\\.example\\.invalid,/app", "stdout")
	assert.Contains(t, found, "support.example.invalid")
	assert.NotContains(t, found, "leftover.example.invalid")
}
