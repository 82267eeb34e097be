package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Checkout is a source with its git history, as it lies on a disk. It says which of the files are the source: those
// that git tracks, whatever they are called, and new ones that git does not ignore. What is left over from an
// installation or a build is no part of it, so that a tree without changes is built from what its commit holds.
type Checkout struct {
	dir string
}

// GitDir holds a checkout's history. A worktree or a submodule has a file of that name instead.
const GitDir = ".git"

// NotUploaded are the patterns of what is not sent to the engine, since it is large or secret: the `+ignore` of the
// source. Of what they match and git tracks nevertheless, the committed content is the source; see Absent.
var NotUploaded = []string{"**/node_modules", "**/.next", "**/.env", "**/.env.local", "**/.env.*.local"}

// LeftoversWithoutGit are the patterns of what no source consists of where there is no history to ask.
var LeftoversWithoutGit = []string{"**/dist", "**/coverage", "**/*.tsbuildinfo", "**/.env.*", "!**/.env.example"}

// NewCheckout reads nothing yet. Dir holds a working tree, without what NotUploaded matches, and its GitDir.
func NewCheckout(dir string) Checkout { return Checkout{dir} }

// Leftovers are the paths that are no part of the source; those of folders end in a slash. They are what git ignores
// and does not track, and env files that it does not track: their values are somebody's own.
func (c Checkout) Leftovers(ctx context.Context) ([]string, error) {
	ignored, err := c.list(ctx, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
	if err != nil {
		return nil, err
	}
	private, err := c.added(ctx, envFiles...)
	return append(ignored, private...), err
}

var envFiles = []string{":(glob)**/.env", ":(glob)**/.env.*", ":(exclude,glob)**/.env.example"}

// added are the files that git neither tracks nor ignores, those that pathspecs match.
func (c Checkout) added(ctx context.Context, pathspecs ...string) ([]string, error) {
	return c.list(ctx, append([]string{"ls-files", "-z", "--others", "--exclude-standard", "--"}, pathspecs...)...)
}

// Absent are the files that git tracks and that were not uploaded.
func (c Checkout) Absent(ctx context.Context) ([]string, error) {
	return c.list(ctx, append([]string{"ls-files", "-z", "--deleted", "--"}, pathspecs("glob", NotUploaded)...)...)
}

// Clean says whether the source is what its commit holds.
func (c Checkout) Clean(ctx context.Context) (bool, error) {
	changed, err := c.list(ctx, append([]string{"status", "-z", "--porcelain", "--untracked-files=no", "--"}, pathspecs("exclude,glob", NotUploaded)...)...)
	if err != nil || len(changed) > 0 {
		return false, err
	}
	added, err := c.added(ctx)
	if err != nil {
		return false, err
	}
	private, err := c.added(ctx, envFiles...)
	return len(added) == len(private), err
}

// Head is the commit that is checked out, and its time.
func (c Checkout) Head(ctx context.Context) (commit string, created time.Time, err error) {
	out, err := c.git(ctx, "show", "--no-patch", "--format=%H %ct", "HEAD")
	if err != nil {
		return "", time.Time{}, err
	}
	commit, stamp, _ := strings.Cut(strings.TrimSpace(out), " ")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return commit, time.Unix(seconds, 0).UTC(), err
}

// CheckLineEnds refuses files that the checkout itself has given Windows line ends, as Git for Windows does by default:
// images would be made of other bytes than those that the commit holds, and scripts among them would not run. Files that
// are committed so, or that .gitattributes wants so, are meant so.
func (c Checkout) CheckLineEnds(ctx context.Context) error {
	lines, err := c.list(ctx, "ls-files", "-z", "--eol")
	if err != nil {
		return err
	}
	var converted []string
	for _, line := range lines {
		// i/lf    w/crlf  attr/text=auto eol=lf \tpath: in the index, in the working tree, wanted.
		about, path, _ := strings.Cut(line, "\t")
		windows := strings.Contains(about, "w/crlf") || strings.Contains(about, "w/mixed")
		meant := strings.Contains(about, "eol=crlf") || strings.Contains(about, "attr/-text")
		if strings.HasPrefix(about, "i/lf") && windows && !meant {
			converted = append(converted, path)
		}
	}
	if len(converted) == 0 {
		return nil
	}
	return fmt.Errorf("source: %s: checked out with Windows line ends (CRLF), which the commit does not have; "+
		"put `* text=auto eol=lf` into .gitattributes and check it out again: git rm --cached -rq . && git reset --hard", shortened(converted))
}

// shortened names the first paths of many.
func shortened(paths []string) string {
	const enough = 5
	if len(paths) <= enough {
		return strings.Join(paths, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(paths[:enough], ", "), len(paths)-enough)
}

// pathspecs match what patterns match, and all that is below it.
func pathspecs(magic string, patterns []string) []string {
	var specs []string
	for _, pattern := range patterns {
		specs = append(specs, ":("+magic+")"+pattern, ":("+magic+")"+pattern+"/**")
	}
	return specs
}

// list is git's output, split at its NULs.
func (c Checkout) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := c.git(ctx, args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

// git asks git about the checkout. Of the caller's settings only the checkout's own count, and none of its programs runs.
func (c Checkout) git(ctx context.Context, args ...string) (string, error) {
	settings := []string{"--git-dir", filepath.Join(c.dir, GitDir), "--work-tree", c.dir, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"}
	command := exec.CommandContext(ctx, "git", append(settings, args...)...)
	command.Dir = c.dir
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0"}
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		err = errors.New(strings.ReplaceAll(strings.TrimSpace(stderr.String()), "\n", "; "))
	}
	if err != nil {
		return "", fmt.Errorf("source: git %s: %w", args[0], err)
	}
	return stdout.String(), nil
}
