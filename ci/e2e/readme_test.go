//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// commandsOf reads the commands under a heading of the README, one list for each of its blocks, without their comments.
func commandsOf(t testing.TB, heading string) [][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "README.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found, "README.md has no heading %q", heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks [][]string
	inside := false
	for line := range strings.Lines(section) {
		command, isCode := strings.CutPrefix(line, "    ")
		if !isCode {
			inside = false
			continue
		}
		if !inside {
			blocks = append(blocks, nil)
			inside = true
		}
		command, _, _ = strings.Cut(command, " #")
		blocks[len(blocks)-1] = append(blocks[len(blocks)-1], strings.TrimSpace(command))
	}
	return blocks
}

// typed runs a command of the README: kubectl as the administrator, dagger call as who deploys.
func typed(t testing.TB, command string) {
	t.Helper()
	words := strings.Fields(command)
	switch {
	case words[0] == "kubectl":
		kubectl(t, words[1:]...)
	case words[0] == "dagger" && words[1] == "call":
		mustCall(t, words[2:]...)
	default:
		require.Fail(t, "a test can type kubectl and dagger call", command)
	}
}
