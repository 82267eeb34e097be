// Package workspace reads what a pnpm monorepo says of itself, and says before
// any build whether the pipeline can work with it.
package workspace

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/json"

	"github.com/codingbutter/team-dashboard/ci/config"
)

const (
	manifestFile  = "package.json"
	workspaceFile = "pnpm-workspace.yaml"
	lockFile      = "pnpm-lock.yaml"
)

// Dockerfiles is the folder, relative to the build context, that holds one
// Dockerfile.<image> for each image of a release.
const Dockerfiles = "k8s/dockerfiles"

// Files is the tree to read.
type Files interface {
	Exists(ctx context.Context, path string) (bool, error)
	Contents(ctx context.Context, path string) (string, error)
}

// Workspace is a pnpm monorepo that can be installed with a frozen lockfile.
type Workspace struct {
	// Node is the major version of Node.js that package.json asks for: "24".
	Node string
	// Pnpm is the exact version of pnpm that package.json asks for: "10.34.9".
	Pnpm string
	// Fetch are the files that `pnpm fetch` reads, as patterns; see fetchFiles.
	Fetch []string
}

// NodeImage is the base image in which the workspace is installed and validated,
// the same that the Dockerfiles build in.
func (w Workspace) NodeImage() string {
	return "docker.io/library/node:" + w.Node + "-trixie-slim"
}

// Read checks that the tree is a pnpm workspace with a lockfile and reads its
// tools' versions (packageManager and engines.node of package.json). The error
// names everything that is missing.
func Read(ctx context.Context, files Files) (Workspace, error) {
	if missing, err := absent(ctx, files, manifestFile, workspaceFile, lockFile); err != nil {
		return Workspace{}, err
	} else if len(missing) > 0 {
		return Workspace{}, fmt.Errorf("source: no %s; give the root of a pnpm workspace with its lockfile committed, such as --source .", strings.Join(missing, ", no "))
	}
	texts := map[string]string{}
	for _, file := range []string{manifestFile, workspaceFile} {
		text, err := files.Contents(ctx, file)
		if err != nil {
			return Workspace{}, fmt.Errorf("source: reading %s: %w", file, err)
		}
		texts[file] = strings.TrimPrefix(text, "\ufeff")
	}
	return parse(texts[manifestFile], texts[workspaceFile])
}

// CheckDockerfiles says whether every image of the application can be built, from the same text on every machine: the
// tag of an image of the data layer is made of its Dockerfile's bytes.
func CheckDockerfiles(ctx context.Context, files Files, app config.Application) error {
	var wanted []string
	for _, image := range app.AllImages() {
		wanted = append(wanted, Dockerfile(image))
	}
	missing, err := absent(ctx, files, wanted...)
	if err != nil {
		return err
	}
	if len(missing) == 0 {
		return checkDockerfileLineEnds(ctx, files, wanted)
	}
	return fmt.Errorf("source: no %s; each image of a release is built from a Dockerfile of its own in %s", strings.Join(missing, ", no "), Dockerfiles)
}

func checkDockerfileLineEnds(ctx context.Context, files Files, dockerfiles []string) error {
	var windows []string
	for _, file := range dockerfiles {
		text, err := files.Contents(ctx, file)
		if err != nil {
			return fmt.Errorf("source: reading %s: %w", file, err)
		}
		if strings.Contains(text, "\r\n") {
			windows = append(windows, file)
		}
	}
	if len(windows) == 0 {
		return nil
	}
	return fmt.Errorf("source: %s: Windows line ends (CRLF), which make another image of another tag; put `* text=auto eol=lf` into .gitattributes and check it out again", strings.Join(windows, ", "))
}

// Dockerfile is where the Dockerfile of an image lies in the build context.
func Dockerfile(image string) string { return path.Join(Dockerfiles, "Dockerfile."+image) }

func absent(ctx context.Context, files Files, paths ...string) ([]string, error) {
	var missing []string
	for _, p := range paths {
		exists, err := files.Exists(ctx, p)
		if err != nil {
			return nil, fmt.Errorf("source: looking for %s: %w", p, err)
		}
		if !exists {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

var (
	pnpmForm = regexp.MustCompile(`^pnpm@(\d+\.\d+\.\d+)(\+sha\d+\.[0-9a-fA-F]+)?$`)
	nodeForm = regexp.MustCompile(`^[~^>=v\s]*(\d+)\b`)
)

// manifest is what counts here of the workspace's package.json.
type manifest struct {
	PackageManager string            `json:"packageManager"`
	Engines        map[string]string `json:"engines"`
	Scripts        map[string]string `json:"scripts"`
	Pnpm           settings          `json:"pnpm"`
}

// parse reads the manifest as Node.js does: letters count, and the last of two fields wins.
func parse(packageJSON, workspaceYAML string) (Workspace, error) {
	var read manifest
	if err := json.UnmarshalCaseSensitivePreserveInts([]byte(packageJSON), &read); err != nil {
		return Workspace{}, fmt.Errorf("source: %s is not JSON: %w", manifestFile, err)
	}
	pnpm := pnpmForm.FindStringSubmatch(read.PackageManager)
	node := nodeForm.FindStringSubmatch(read.Engines["node"])
	var problems []string
	if pnpm == nil {
		problems = append(problems, fmt.Sprintf(`packageManager is %q; name the exact pnpm, such as "pnpm@10.34.9"`, read.PackageManager))
	}
	if node == nil {
		problems = append(problems, fmt.Sprintf(`engines.node is %q; name the Node.js line, such as "24.x"`, read.Engines["node"]))
	}
	if read.Scripts["validate"] == "" {
		problems = append(problems, `no script "validate"; add one that lints, checks the format, type-checks and tests`)
	}
	if len(problems) > 0 {
		return Workspace{}, fmt.Errorf("source: %s: %s", manifestFile, strings.Join(problems, "; "))
	}
	fetch, err := fetchFiles(read.Pnpm, workspaceYAML)
	return Workspace{Node: node[1], Pnpm: pnpm[1], Fetch: fetch}, err
}
