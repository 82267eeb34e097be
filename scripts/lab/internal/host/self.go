package host

import (
	"fmt"
	"os"
)

// Self is the path of a copy of the running lab program that stays: "go run"
// removes its own when it ends, and processes of the lab are started from it.
// The path is always the same, so that a process is not taken for changed when
// the program is, in parts that are not its own: see build.Code for its Inputs.
func (h *Host) Self() (string, error) {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("reading the lab's own program: %w", err)
	}
	path := h.Cache("lab")
	_, err = Write(path, program, 0o755)
	return path, err
}
