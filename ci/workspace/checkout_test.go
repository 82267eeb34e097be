package workspace_test

import (
	"io/fs"
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
		"fixtures/node_modules/a/index.js": "1\n", "apps/api/.env": "B=1\n", "app/[...path]/route.ts": "1\n", "app/-x/.env": "1\n",
	}
	maps.Copy(tracked, ignores)
	dir := committed(t, tracked)
	write(t, dir, map[string]string{
		"apps/dashboard/dist/built.js": "2\n", "apps/api/dist/built.js": "2\n", "coverage/a/b.html": "2\n", "debug.log": "2\n",
		"apps/dashboard/.env.development": "SECRET=2\n", "app/[...path]/debug.log": "2\n",
		"src/new.ts": "2\n",
	})
	for _, path := range []string{"fixtures/node_modules", "apps/api/.env", "app/-x/.env", "src/main.ts"} {
		require.NoError(t, os.RemoveAll(filepath.Join(dir, path)))
	}
	delete(tracked, "src/main.ts") // A file that was deleted stays deleted.
	tracked["src/new.ts"] = "2\n"

	_, err := workspace.OpenCheckout(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, tracked, read(t, dir))
}

func TestACheckoutIsFoundFromWhereTheCallerIs(t *testing.T) {
	dir := committed(t, ignores)
	t.Chdir(filepath.Dir(dir))
	checkout, err := workspace.OpenCheckout(t.Context(), filepath.Base(dir))
	require.NoError(t, err)
	clean, err := checkout.Clean(t.Context())
	require.NoError(t, err)
	assert.True(t, clean)
}

func TestEnvFilesOfNobodyButTheirOwnerAreNoSource(t *testing.T) {
	dir := committed(t, map[string]string{"a.ts": "1\n"})
	write(t, dir, map[string]string{".env.staging": "SECRET=1\n", "app/.env.production": "SECRET=1\n", "app/.env.example": "SECRET=\n"})
	_, err := workspace.OpenCheckout(t.Context(), dir)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a.ts": "1\n", "app/.env.example": "SECRET=\n"}, read(t, dir))
}

func TestWithoutAHistoryNamesSayWhatIsNoSource(t *testing.T) {
	for name, git := range map[string]map[string]string{"a folder": nil, "a worktree": {".git": "gitdir: /elsewhere\n"}} {
		dir := t.TempDir()
		write(t, dir, git)
		write(t, dir, map[string]string{"src/a.ts": "1\n", ".env.example": "A=\n", "src/.env.production": "A=1\n",
			"dist/b.js": "1\n", "src/coverage/c.html": "1\n", "tsconfig.tsbuildinfo": "1\n", "src/dist.ts": "1\n"})
		checkout, err := workspace.OpenCheckout(t.Context(), dir)
		require.NoError(t, err, name)
		assert.Equal(t, map[string]string{"src/a.ts": "1\n", ".env.example": "A=\n", "src/dist.ts": "1\n"}, read(t, dir), name)
		_, created, err := checkout.Head(t.Context())
		if git != nil {
			assert.ErrorContains(t, err, "source: .git is a file, as in a worktree")
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, time.Unix(0, 0).UTC(), created)
		clean, err := checkout.Clean(t.Context())
		require.NoError(t, err)
		assert.False(t, clean, "without a commit its content names it")
	}
}

// read is the content of all files of a folder by their paths, those of its history excepted.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.Name() == workspace.GitDir && entry.IsDir():
			return fs.SkipDir
		case entry.Name() == workspace.GitDir || entry.IsDir():
			return nil
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(data)
		return err
	}))
	return files
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
			checkout, err := workspace.OpenCheckout(t.Context(), dir)
			require.NoError(t, err)
			clean, err := checkout.Clean(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, clean)
		})
	}
}

func TestHead(t *testing.T) {
	checkout, err := workspace.OpenCheckout(t.Context(), committed(t, ignores))
	require.NoError(t, err)
	commit, created, err := checkout.Head(t.Context())
	require.NoError(t, err)
	assert.Regexp(t, "^[0-9a-f]{40}$", commit)
	assert.Equal(t, time.Date(2026, 11, 23, 10, 15, 30, 0, time.UTC), created)

	empty := t.TempDir()
	git(t, empty, "init", "--quiet")
	checkout, err = workspace.OpenCheckout(t.Context(), empty)
	require.NoError(t, err)
	_, _, err = checkout.Head(t.Context())
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
	_, err := workspace.OpenCheckout(t.Context(), clone())
	require.NoError(t, err)
	_, err = workspace.OpenCheckout(t.Context(), clone("-c", "core.autocrlf=true", "-c", "core.eol=crlf"))
	require.ErrorContains(t, err, "source: .gitattributes, run.sh: checked out with Windows line ends (CRLF)")
	assert.ErrorContains(t, err, "* text=auto eol=lf")

	write(t, origin, map[string]string{".gitattributes": "* text=auto eol=lf\n*.bat text eol=crlf\ndos.txt -text\n"})
	git(t, origin, "commit", "--quiet", "--all", "--message=attributes")
	checkout, err := workspace.OpenCheckout(t.Context(), clone("-c", "core.autocrlf=true", "-c", "core.eol=crlf"))
	require.NoError(t, err)
	clean, err := checkout.Clean(t.Context())
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
