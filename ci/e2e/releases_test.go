//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// variant is a state of the example application: its notes, and what is broken in it on purpose.
type variant struct {
	name   string
	notes  string
	faults map[string]map[string]any
	commit time.Time
}

// The variants are commits with fixed dates, so that every run of the suite publishes the same releases.
var (
	v1 = variant{name: "v1", notes: "first release\n", commit: day(1)}
	v2 = variant{name: "v2", notes: "second release\n", commit: day(2)}
	// v3 starts and never gets ready.
	v3 = variant{name: "v3", notes: "never ready\n", commit: day(3), faults: map[string]map[string]any{
		"agent-manager": {"ready": "never"},
	}}
	// v4 passes every check before the switch and begins to fail under its first traffic.
	v4 = variant{name: "v4", notes: "fails under traffic\n", commit: day(4), faults: map[string]map[string]any{
		"mcp-manager": {"errorRate": 1, "afterSeconds": 3, "underTraffic": true},
	}}
	// v5 crashes at once.
	v5 = variant{name: "v5", notes: "crashes\n", commit: day(5), faults: map[string]map[string]any{
		"openai-service": {"start": "crash"},
	}}
)

func day(n int) time.Time { return time.Date(2026, 11, n, 9, 0, 0, 0, time.UTC) }

// source lays the variant down as a git repository of its own, with one commit.
func (v variant) source(t testing.TB) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "team-dashboard")
	require.NoError(t, os.CopyFS(folder, os.DirFS(filepath.Join(repository(t), "ci/e2e/testdata/team-dashboard"))))
	for _, leftover := range []string{"node_modules", ".git"} {
		require.NoError(t, os.RemoveAll(filepath.Join(folder, leftover)))
	}
	write(t, filepath.Join(folder, "release-notes.txt"), v.notes)
	faults := []byte("{}\n")
	if v.faults != nil {
		var err error
		faults, err = json.MarshalIndent(v.faults, "", "  ")
		require.NoError(t, err)
		faults = append(faults, '\n')
	}
	write(t, filepath.Join(folder, "faults.json"), string(faults))
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"add", "--all"},
		{"commit", "--quiet", "--message", v.name},
	} {
		v.git(t, folder, args...)
	}
	return folder
}

func (v variant) git(t testing.TB, folder string, args ...string) {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = folder
	date := v.commit.Format(time.RFC3339)
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date,
		"GIT_AUTHOR_NAME=Example", "GIT_AUTHOR_EMAIL=example@example.com", "GIT_COMMITTER_NAME=Example", "GIT_COMMITTER_EMAIL=example@example.com")
	out, err := command.CombinedOutput()
	require.NoError(t, err, "git %v\n%s", args, out)
}

var published = map[string]string{}

// release publishes the variant once a run and returns its release file.
func (v variant) release(t testing.TB) (file string, parsed release.Release) {
	t.Helper()
	if published[v.name] == "" {
		file := filepath.Join(folderOfTheRun, v.name+".json")
		mustCall(t, "--source", v.source(t), "publish", "export", "--path", file)
		published[v.name] = file
	}
	data, err := os.ReadFile(published[v.name])
	require.NoError(t, err)
	parsed, err = release.Parse(data)
	require.NoError(t, err)
	return published[v.name], parsed
}

func write(t testing.TB, path, content string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
}
