package workspace_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/workspace"
)

// committed is a repository with one commit of files by their paths, all of them, ignored ones too.
func committed(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	write(t, dir, files)
	git(t, dir, "add", "--all", "--force")
	git(t, dir, "commit", "--quiet", "--message=x")
	return dir
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	command := exec.Command("git", append([]string{"-C", dir}, args...)...)
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_DATE=2026-11-23T10:15:30Z", "GIT_COMMITTER_DATE=2026-11-23T10:15:30Z",
		"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "git %v\n%s", args, out)
}

var ignores = map[string]string{".gitignore": "dist/\ncoverage/\nnode_modules/\n.env*\n*.log\n", "src/main.ts": "1\n"}

func TestTheSourceIsWhatGitTracksAndWhatItDoesNotIgnore(t *testing.T) {
	tracked := map[string]string{
		"apps/dashboard/.env.production": "A=1\n", "apps/dashboard/dist/kept.js": "1\n", "templates/coverage/index.html": "1\n",
		"fixtures/node_modules/a/index.js": "1\n", "apps/api/.env": "B=1\n", "app/[...path]/route.ts": "1\n",
	}
	maps.Copy(tracked, ignores)
	dir := committed(t, tracked)
	write(t, dir, map[string]string{
		"apps/dashboard/dist/built.js": "2\n", "apps/api/dist/built.js": "2\n", "coverage/a/b.html": "2\n", "debug.log": "2\n",
		"apps/dashboard/.env.development": "SECRET=2\n", "app/[...path]/debug.log": "2\n",
		"src/new.ts": "2\n",
	})
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "fixtures/node_modules")))
	require.NoError(t, os.Remove(filepath.Join(dir, "apps/api/.env")))
	require.NoError(t, os.Remove(filepath.Join(dir, "src/main.ts")))

	checkout := workspace.NewCheckout(dir)
	leftovers, err := checkout.Leftovers(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"apps/dashboard/dist/built.js", "apps/api/dist/", "coverage/", "debug.log", "apps/dashboard/.env.development", "app/[...path]/debug.log"}, leftovers)
	absent, err := checkout.Absent(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{"fixtures/node_modules/a/index.js", "apps/api/.env"}, absent, "a file that was deleted stays deleted")
}

func TestEnvFilesOfNobodyButTheirOwnerAreNoSource(t *testing.T) {
	dir := committed(t, map[string]string{"a.ts": "1\n"})
	write(t, dir, map[string]string{".env.staging": "SECRET=1\n", "app/.env.production": "SECRET=1\n", "app/.env.example": "SECRET=\n"})
	leftovers, err := workspace.NewCheckout(dir).Leftovers(t.Context())
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{".env.staging", "app/.env.production"}, leftovers)
}

func TestClean(t *testing.T) {
	for name, test := range map[string]struct {
		change func(dir string)
		want   bool
	}{
		"untouched":                {func(string) {}, true},
		"only what is ignored":     {func(dir string) { write(t, dir, map[string]string{"dist/a.js": "2\n", "a.log": "2\n"}) }, true},
		"what was not uploaded":    {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "app/.env"))) }, true},
		"an env file of one's own": {func(dir string) { write(t, dir, map[string]string{".env.local": "A=2\n"}) }, true},
		"another time": {func(dir string) {
			require.NoError(t, os.Chtimes(filepath.Join(dir, "src/main.ts"), time.Now(), time.Unix(1, 0)))
		}, true},
		"an example of an env file":  {func(dir string) { write(t, dir, map[string]string{"src/.env.example": "A=\n"}) }, false},
		"a tracked env file changed": {func(dir string) { write(t, dir, map[string]string{"app/.env.production": "A=2\n"}) }, false},
		"a file changed":             {func(dir string) { write(t, dir, map[string]string{"src/main.ts": "2\n"}) }, false},
		"a file added":               {func(dir string) { write(t, dir, map[string]string{"src/more.ts": "2\n"}) }, false},
		"a file staged": {func(dir string) {
			write(t, dir, map[string]string{"src/more.ts": "2\n"})
			git(t, dir, "add", "src/more.ts")
		}, false},
		"a file deleted":       {func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "src/main.ts"))) }, false},
		"a script made to run": {func(dir string) { require.NoError(t, os.Chmod(filepath.Join(dir, "src/main.ts"), 0o755)) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"app/.env": "A=1\n", "app/.env.production": "A=1\n"}
			maps.Copy(files, ignores)
			files[".gitignore"] += "!.env.example\n"
			dir := committed(t, files)
			test.change(dir)
			clean, err := workspace.NewCheckout(dir).Clean(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, clean)
		})
	}
}

func TestHead(t *testing.T) {
	commit, created, err := workspace.NewCheckout(committed(t, ignores)).Head(t.Context())
	require.NoError(t, err)
	assert.Regexp(t, "^[0-9a-f]{40}$", commit)
	assert.Equal(t, time.Date(2026, 11, 23, 10, 15, 30, 0, time.UTC), created)

	empty := t.TempDir()
	git(t, empty, "init", "--quiet")
	_, _, err = workspace.NewCheckout(empty).Head(t.Context())
	assert.ErrorContains(t, err, "source: git show: ")
	assert.NotContains(t, err.Error(), "\n")
}

func TestLineEndsOfACheckout(t *testing.T) {
	origin := committed(t, map[string]string{
		"run.sh": "#!/bin/sh\ntrue\n", "logo.png": "\x89PNG\r\n\x1a\n\x00", "dos.txt": "a\r\nb\r\n", "run.bat": "@echo\n",
		".gitattributes": "*.bat text eol=crlf\ndos.txt -text\n",
	})
	clone := func(settings ...string) string {
		dir := filepath.Join(t.TempDir(), "clone")
		git(t, ".", append(settings, "clone", "--quiet", origin, dir)...)
		return dir
	}
	require.NoError(t, workspace.NewCheckout(clone()).CheckLineEnds(t.Context()))
	windows := clone("-c", "core.autocrlf=true", "-c", "core.eol=crlf")
	err := workspace.NewCheckout(windows).CheckLineEnds(t.Context())
	require.ErrorContains(t, err, "source: .gitattributes, run.sh: checked out with Windows line ends (CRLF)")
	assert.ErrorContains(t, err, "* text=auto eol=lf")

	write(t, origin, map[string]string{".gitattributes": "* text=auto eol=lf\n*.bat text eol=crlf\ndos.txt -text\n"})
	git(t, origin, "commit", "--quiet", "--all", "--message=attributes")
	windows = clone("-c", "core.autocrlf=true", "-c", "core.eol=crlf")
	require.NoError(t, workspace.NewCheckout(windows).CheckLineEnds(t.Context()))
	clean, err := workspace.NewCheckout(windows).Clean(t.Context())
	require.NoError(t, err)
	assert.True(t, clean)
}

// The directive is a comment of the module, and cannot refer to the list.
func TestWhatIsNotUploadedIsWhatTheModuleIgnores(t *testing.T) {
	text, err := os.ReadFile("../module/main.go")
	require.NoError(t, err)
	directive := regexp.MustCompile(`\+ignore=\[(.*)\]\n\tsource `).FindSubmatch(text)
	require.NotNil(t, directive)
	assert.Equal(t, `"`+strings.Join(workspace.NotUploaded, `", "`)+`"`, string(directive[1]))
}
