// Package host is the lab's hold on the machine that it runs on: where its
// files are, the processes it started, the packages and kernel settings it
// needs. Everything it changes, it can find again and take back.
package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Host is a machine with a place for the lab's files.
type Host struct {
	// Root holds what the lab builds and keeps: cache/ (built things, which
	// outlive the lab), state/ (of what is running) and bin/ (for people's
	// PATH). An absolute path outside the repository.
	Root string

	// Repo is the root of the repository that the lab belongs to.
	Repo string
}

// Open finds the repository around the working directory and the lab's root:
// $TEAM_DASHBOARD_LAB_DIR, or team-dashboard-lab in the user's cache folder.
func Open() (*Host, error) {
	repo, err := findRepo()
	if err != nil {
		return nil, err
	}
	root, err := findRoot()
	if err != nil {
		return nil, err
	}
	return &Host{Root: root, Repo: repo}, nil
}

func findRoot() (string, error) {
	if dir := os.Getenv("TEAM_DASHBOARD_LAB_DIR"); dir != "" {
		root, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("finding the folder TEAM_DASHBOARD_LAB_DIR=%q: %w", dir, err)
		}
		return root, nil
	}
	cache, err := os.UserCacheDir() // honours XDG_CACHE_HOME
	if err != nil {
		return "", fmt.Errorf("finding a cache folder: %w; set TEAM_DASHBOARD_LAB_DIR to a folder with 10 GB of room", err)
	}
	return filepath.Join(cache, "team-dashboard-lab"), nil
}

func findRepo() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		_, err := os.Stat(filepath.Join(dir, "scripts", "lab", "go.mod"))
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("finding the repository: %w", err)
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("finding the repository: no folder above %q holds scripts/lab; run the lab from the repository", start)
		}
	}
}

// Cache is a path among the built things.
func (h *Host) Cache(parts ...string) string { return h.path("cache", parts) }

// State is a path among the things that live as long as the lab is up.
func (h *Host) State(parts ...string) string { return h.path("state", parts) }

// Bin is a path in the folder that people put on their PATH.
func (h *Host) Bin(parts ...string) string { return h.path("bin", parts) }

// Lab is a path in the lab's own source folder.
func (h *Host) Lab(parts ...string) string {
	return filepath.Join(h.Repo, "scripts", "lab", filepath.Join(parts...))
}

func (h *Host) path(top string, parts []string) string {
	return filepath.Join(h.Root, top, filepath.Join(parts...))
}
