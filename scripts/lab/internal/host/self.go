package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
)

// Self is the path of a copy of the running lab program that stays: "go run"
// removes its own when it ends, and processes of the lab are started from it.
func (h *Host) Self() (string, error) {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("reading the lab's own program: %w", err)
	}
	sum := sha256.Sum256(program)
	dir := h.Cache("lab-" + hex.EncodeToString(sum[:8]))
	path := filepath.Join(dir, "lab")
	if written, err := Write(path, program, 0o755); err != nil || !written {
		return path, err
	}
	return path, h.removeOthers(dir)
}

// removeOthers removes the lab's programs of before. Processes that still run
// from them do not mind.
func (h *Host) removeOthers(dir string) error {
	all, err := filepath.Glob(h.Cache("lab-*"))
	if err != nil {
		return err
	}
	for _, other := range all {
		if other == dir {
			continue
		}
		if err := os.RemoveAll(other); err != nil {
			return err
		}
	}
	return nil
}
