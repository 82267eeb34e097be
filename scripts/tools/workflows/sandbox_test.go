package workflows

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// releaseFile is what the stand-in for dagger publishes.
const releaseFile = `{"version": "20261123T101530-1a2b3c4"}`

// canary is the file that the hostile values of hostile_test.go would make if they were executed.
const canary = "pwned"

// tools are the commands that the scripts use, and those that hostile values try to.
var tools = []string{"bash", "cat", "cp", "dirname", "env", "gzip", "install", "ls", "mkdir", "realpath", "rm", "sha256sum", "tar", "tee", "touch"}

// shared is made once: a folder with the tools alone, an archive to download with the stand-in for dagger in it, and the
// install script with the digest of that archive in place of the real one.
var shared struct {
	bin             string
	archive, script []byte
}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "workflows")
	if err != nil {
		panic(err)
	}
	shared.bin = folder
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var prepare sync.Once

// sandbox makes the machine of a run: a workspace with the install script, and a folder for the stand-ins.
func sandbox(t testing.TB) string {
	t.Helper()
	prepare.Do(func() {
		for _, tool := range tools {
			path, err := exec.LookPath(tool)
			require.NoError(t, err)
			require.NoError(t, os.Symlink(path, filepath.Join(shared.bin, tool)))
		}
		shared.archive = pack(t, contents(t, "testdata/dagger"))
		digest := fmt.Sprintf("sha256=%x\n", sha256.Sum256(shared.archive))
		shared.script = regexp.MustCompile(`(?m)^sha256=[0-9a-f]{64}\n`).ReplaceAll(contents(t, filepath.Join(root, ".github/install-dagger.sh")), []byte(digest))
		require.Contains(t, string(shared.script), digest, "install-dagger.sh names no digest")
	})
	folder := t.TempDir()
	for _, name := range []string{"bin", "runner", "workspace/.github"} {
		require.NoError(t, os.MkdirAll(filepath.Join(folder, name), 0o755))
	}
	stand(t, folder, "curl")
	require.NoError(t, os.WriteFile(filepath.Join(folder, "download.tar.gz"), shared.archive, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "workspace/.github/install-dagger.sh"), shared.script, 0o755))
	return folder
}

// path is the PATH in a sandbox: the stand-ins, and the tools.
func path(folder string) string { return filepath.Join(folder, "bin") + ":" + shared.bin }

// stand puts a stand-in on the PATH of a sandbox. A link, since a program that was just written may be busy for a moment.
func stand(t testing.TB, folder, name string) {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("testdata", name))
	require.NoError(t, err)
	if err := os.Symlink(path, filepath.Join(folder, "bin", name)); !os.IsExist(err) {
		require.NoError(t, err)
	}
}

func contents(t testing.TB, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}

// pack is an archive as Dagger releases it.
func pack(t testing.TB, program []byte) []byte {
	t.Helper()
	var packed strings.Builder
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for name, text := range map[string][]byte{"LICENSE": []byte("as is"), "dagger": program} {
		require.NoError(t, archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}))
		_, err := archive.Write(text)
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	require.NoError(t, zipped.Close())
	return []byte(packed.String())
}

// executed finds what hostile values made.
func executed(t testing.TB, folder string) (found []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && strings.Contains(entry.Name(), canary) {
			found = append(found, path)
		}
		return err
	}))
	return found
}

// readCalls reads what the stand-in for dagger wrote down: for each call the number of arguments, the arguments, the
// two secrets and the working folder. The runner's folder gets back its name.
func readCalls(t testing.TB, path string) (calls []call) {
	t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	words := strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
	for len(words) > 0 {
		count, err := strconv.Atoi(words[0])
		require.NoError(t, err)
		said := words[1 : 4+count]
		for i := range said {
			said[i] = strings.ReplaceAll(said[i], filepath.Dir(path), "$RUNNER_TEMP")
		}
		calls = append(calls, call{arguments: said[:count], kubeconfig: said[count], password: said[count+1], folder: said[count+2]})
		words = words[4+count:]
	}
	return calls
}
