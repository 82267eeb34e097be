package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
)

// Self is the path of a copy of the running lab program that stays: "go run"
// removes its own when it ends, and processes of the lab are started from it.
func (h *Host) Self() (string, error) {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("reading the lab's own program: %w", err)
	}
	sum := sha256.Sum256(program)
	path := h.Cache("lab-"+hex.EncodeToString(sum[:8]), "lab")
	_, err = Write(path, program, 0o755)
	return path, err
}
