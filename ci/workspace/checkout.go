package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Checkout is a source as it lies on a disk, with its git history if it has one. What is left in it is what the pipeline
// validates and builds.
type Checkout struct {
	dir     string
	history history
}

type history int

const (
	none history = iota
	// elsewhere is that of a worktree or a submodule, whose GitDir is a file.
	elsewhere
	whole
)

// GitDir holds a checkout's history.
const GitDir = ".git"

// NotUploaded are the patterns of what is not sent to the engine, since it is large or secret: the `+ignore` of the
// source. Of what they match and git tracks nevertheless, the committed content is the source.
var NotUploaded = []string{"**/node_modules", "**/.next", "**/.env", "**/.env.local", "**/.env.*.local"}

// OpenCheckout makes a folder hold the source and nothing else: all that git tracks, whatever it is called, and new files
// that git does not ignore. What is left over from an installation or a build goes, and so do env files that git does
// not track, whose values are somebody's own; so a tree without changes is built from what its commit holds. Where there
// is no history to ask, names decide.
//
// It refuses a checkout whose line ends are not those of its commit.
func OpenCheckout(ctx context.Context, dir string) (Checkout, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Checkout{}, err
	}
	c := Checkout{dir: dir}
	info, err := os.Stat(filepath.Join(dir, GitDir))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return c, removeByName(dir)
	case err != nil:
		return c, err
	case !info.IsDir():
		c.history = elsewhere
		return c, removeByName(dir)
	}
	c.history = whole
	if err := c.checkLineEnds(ctx); err != nil {
		return c, err
	}
	if err := c.removeLeftovers(ctx); err != nil {
		return c, err
	}
	return c, c.restoreAbsent(ctx)
}

// removeByName removes what no source consists of.
func removeByName(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !leftover(entry) {
			return err
		}
		if err := os.RemoveAll(path); err != nil || !entry.IsDir() {
			return err
		}
		return fs.SkipDir
	})
}

func leftover(entry fs.DirEntry) bool {
	name := entry.Name()
	if entry.IsDir() {
		return name == "dist" || name == "coverage"
	}
	return strings.HasSuffix(name, ".tsbuildinfo") || strings.HasPrefix(name, ".env.") && name != ".env.example"
}

func (c Checkout) removeLeftovers(ctx context.Context) error {
	ignored, err := c.list(ctx, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
	if err != nil {
		return err
	}
	private, err := c.list(ctx, "ls-files", "-z", "--others", "--exclude-standard", "--", ":(glob)**/.env", ":(glob)**/.env.*", ":(exclude,glob)**/.env.example")
	if err != nil {
		return err
	}
	for _, path := range append(ignored, private...) {
		if err := os.RemoveAll(filepath.Join(c.dir, filepath.FromSlash(path))); err != nil {
			return err
		}
	}
	return nil
}

// restoreAbsent writes the files that git tracks and that were not uploaded. One that somebody deleted stays deleted.
func (c Checkout) restoreAbsent(ctx context.Context) error {
	args := []string{"ls-files", "-z", "--deleted", "--"}
	for _, pattern := range NotUploaded {
		args = append(args, ":(glob)"+pattern, ":(glob)"+pattern+"/**")
	}
	absent, err := c.list(ctx, args...)
	if err != nil || len(absent) == 0 {
		return err
	}
	_, err = c.git(ctx, strings.Join(absent, "\x00"), "checkout-index", "-z", "--stdin")
	return err
}

// Clean says whether the source is what its commit holds.
func (c Checkout) Clean(ctx context.Context) (bool, error) {
	if c.history == none {
		return false, nil
	}
	changed, err := c.list(ctx, "status", "-z", "--porcelain")
	return len(changed) == 0, err
}

// Head is the commit that is checked out, and its time; without a history there is none, at the beginning of time.
func (c Checkout) Head(ctx context.Context) (commit string, created time.Time, err error) {
	switch c.history {
	case none:
		return "", time.Unix(0, 0).UTC(), nil
	case elsewhere:
		return "", time.Time{}, fmt.Errorf("source: %s is a file, as in a worktree or a submodule, and its history is elsewhere", GitDir)
	}
	out, err := c.git(ctx, "", "show", "--no-patch", "--format=%H %ct", "HEAD")
	if err != nil {
		return "", time.Time{}, err
	}
	commit, stamp, _ := strings.Cut(strings.TrimSpace(out), " ")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	return commit, time.Unix(seconds, 0).UTC(), err
}

// checkLineEnds refuses files that the checkout itself has given Windows line ends, as Git for Windows does by default:
// images would be made of other bytes than those that the commit holds, and scripts among them would not run. Files that
// are committed so, or that .gitattributes wants so, are meant so.
func (c Checkout) checkLineEnds(ctx context.Context) error {
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

// list is git's output, split at its NULs.
func (c Checkout) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := c.git(ctx, "", args...)
	if err != nil || out == "" {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(out, "\x00"), "\x00"), nil
}

// git asks git about the checkout. Of all settings only the checkout's own count, without its monitor, its hooks and its
// wish for other line ends.
func (c Checkout) git(ctx context.Context, stdin string, args ...string) (string, error) {
	settings := []string{"--git-dir", filepath.Join(c.dir, GitDir), "--work-tree", c.dir,
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false"}
	command := exec.CommandContext(ctx, "git", append(settings, args...)...)
	command.Dir = c.dir
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0"}
	var stdout, stderr bytes.Buffer
	command.Stdin = strings.NewReader(stdin)
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
