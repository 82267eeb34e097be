package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// door runs a script of scripts/deployment in a copy of its place, as its runbooks do, with the stand-in for dagger.
func door(t testing.TB, name string, arguments ...string) (calls [][]string, output string, code int) {
	t.Helper()
	folder := sandbox(t)
	stand(t, folder, "dagger")
	repository := filepath.Join(folder, "repository")
	script, err := filepath.Abs(filepath.Join(root, "scripts/deployment", name))
	require.NoError(t, err)
	write(t, filepath.Join(repository, "values.env"), "JWT_SECRET=x\n")
	require.NoError(t, os.MkdirAll(filepath.Join(repository, "scripts/deployment"), 0o755))
	require.NoError(t, os.Symlink(script, filepath.Join(repository, "scripts/deployment", name)))
	write(t, filepath.Join(folder, "elsewhere/scripts/deployment/README"), "where CDPATH leads\n")

	command := exec.Command("scripts/deployment/"+name, arguments...)
	command.Dir = repository
	command.Env = []string{"PATH=" + path(folder), "HOME=" + folder, "CDPATH=" + filepath.Join(folder, "elsewhere"),
		"DAGGER_CALLS=" + filepath.Join(folder, "calls"), "DAGGER_RELEASE=an export", "KUBECONFIG_CONTENT=a kubeconfig"}
	said, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); !exited {
		require.NoError(t, err)
	}
	assert.Empty(t, executed(t, folder), "a value was executed")
	for _, call := range readCalls(t, filepath.Join(folder, "calls")) {
		assert.Equal(t, "$RUNNER_TEMP/repository", call.folder)
		for i := range call.arguments {
			call.arguments[i] = strings.ReplaceAll(call.arguments[i], "$RUNNER_TEMP/repository/", "")
		}
		calls = append(calls, call.arguments)
	}
	return calls, string(said), command.ProcessState.ExitCode()
}

// TestDoorsPassArgumentsOnAsTheyAre puts a hostile value into each place of each door: it arrives as one argument, or the
// door refuses it by name, and no dagger is called.
func TestDoorsPassArgumentsOnAsTheyAre(t *testing.T) {
	for _, test := range []struct {
		door      string
		arguments []string
		want      []string
	}{
		{"health-check.sh", []string{word}, []string{"health-check", "--env=" + word}},
		{"health-check.sh", []string{word, "--verbose"}, []string{"health-check", "--env=" + word, "--details"}},
		{"rollback.sh", []string{word}, []string{"rollback", "--env=" + word}},
		{"rollback.sh", []string{"--to", word}, []string{"rollback", "--env=production", "--to=" + word}},
		{"rollback.sh", []string{"staging", "--to=" + word, "--force"}, []string{"rollback", "--env=staging", "--to=" + word, "--force"}},
		{"setup-secrets.sh", []string{word, "verify"}, []string{"secrets", "verify", "--env=" + word}},
		{"setup-secrets.sh", []string{"staging", word}, nil},
		{"setup-secrets.sh", []string{"staging", "verify", word}, nil},
		{"setup-secrets.sh", []string{"staging", "create", "--from", word}, nil}, // there is no such file
		{"setup-secrets.sh", []string{word, "create", "--from=values.env", "--generate"},
			[]string{"secrets", "create", "--env=" + word, "--generate", "--from=file://values.env"}},
		{"setup-secrets.sh", []string{"staging", "rotate", "--keys", word}, []string{"secrets", "rotate", "--env=staging", "--keys=" + word}},
		{"setup-secrets.sh", []string{"staging", "backup", "--recipients=" + word, "--to", "backup.age"},
			[]string{"secrets", "backup", "--env=staging", "--recipients=" + word, "export", "--path=backup.age"}},
		{"setup-secrets.sh", []string{"staging", "restore", "--identity", word, "--from", "values.env"}, nil},
	} {
		for kind, value := range hostile {
			name := test.door + " " + strings.Join(test.arguments, " ") + "/" + kind
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				replace := func(words []string) []string {
					words = slices.Clone(words)
					for i := range words {
						words[i] = strings.ReplaceAll(words[i], word, value)
					}
					return words
				}
				calls, output, code := door(t, test.door, replace(test.arguments)...)
				if code == 0 && len(calls) == 0 {
					assert.Contains(t, output, "--help", "only a question for help does nothing")
					assert.Equal(t, "--help", value)
					return
				}
				if code != 0 || test.want == nil {
					assert.Equal(t, 2, code, output)
					assert.Empty(t, calls)
					assert.Contains(t, output, test.door+": ")
					return
				}
				assert.Equal(t, [][]string{append([]string{"call"}, replace(test.want)...)}, calls)
			})
		}
	}
}

// TestDoorsRefuseEmptyNames: "$ENVIRONMENT" in a script that never set it must not mean production.
func TestDoorsRefuseEmptyNames(t *testing.T) {
	for _, test := range []struct {
		door      string
		arguments []string
		says      string
	}{
		{"health-check.sh", []string{""}, "health-check.sh: the environment is empty"},
		{"rollback.sh", []string{""}, "rollback.sh: the environment is empty"},
		{"rollback.sh", []string{"staging", "--to", ""}, "rollback.sh: --to needs a revision or a version"},
		{"rollback.sh", []string{"staging", "--to="}, "rollback.sh: --to needs a revision or a version"},
		{"rollback.sh", []string{"staging", "--to"}, "rollback.sh: --to needs a revision or a version"},
		{"setup-secrets.sh", []string{"", "verify"}, "setup-secrets.sh: the environment is empty"},
		{"setup-secrets.sh", []string{"staging", ""}, "setup-secrets.sh: unknown action"},
		{"setup-secrets.sh", []string{"staging", "rotate", "--keys", ""}, "setup-secrets.sh: --keys needs a value"},
	} {
		calls, output, code := door(t, test.door, test.arguments...)
		assert.Equal(t, 2, code, "%s %q: %s", test.door, test.arguments, output)
		assert.Empty(t, calls)
		assert.Contains(t, output, test.says)
	}
}

// TestADoorTellsHowToUseIt without an argument, and with --help.
func TestADoorTellsHowToUseIt(t *testing.T) {
	for _, name := range []string{"health-check.sh", "rollback.sh", "setup-secrets.sh"} {
		calls, output, code := door(t, name, "--help")
		assert.Zero(t, code)
		assert.Empty(t, calls)
		assert.Contains(t, output, "scripts/deployment/"+name)
	}
}
