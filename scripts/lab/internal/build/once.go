// Package build makes things that take long, once: what it built is kept in
// the lab's cache under a key of all that went into it.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

// Once returns the cache folder of name and key. It is filled by fill, unless
// an earlier call has done that. A fill that fails or is killed leaves nothing
// that a later call would take for the result.
func Once(ctx context.Context, h *host.Host, name, key string, fill func(ctx context.Context, dir string) error) (string, error) {
	dir := h.Cache(name + "-" + key)
	if exists(dir) {
		return dir, nil
	}
	unlock, err := host.Lock(ctx, h.Cache("."+name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if exists(dir) { // another process filled it while we waited
		return dir, nil
	}
	draft := h.Cache("." + name + ".draft")
	if err := os.RemoveAll(draft); err != nil {
		return "", err
	}
	if err := os.MkdirAll(draft, 0o755); err != nil {
		return "", err
	}
	if err := fill(ctx, draft); err != nil {
		_ = os.RemoveAll(draft) // the error tells what matters
		return "", err
	}
	return dir, os.Rename(draft, dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Key makes a short key of parts. Their order and their borders count.
func Key(parts ...string) string {
	sum := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(sum, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// HashDir hashes the names and contents of all files below dir.
func HashDir(dir string) (string, error) {
	var parts []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		sum, err := HashFile(path)
		parts = append(parts, name, sum)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hashing the folder %q: %w", dir, err)
	}
	return Key(parts...), nil
}

// HashFile hashes the content of a file.
func HashFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", fmt.Errorf("hashing the file %q: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
