package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// procSys is where the kernel shows its settings.
var procSys = "/proc/sys"

// sysctls guards the file of saved settings against parts that run side by side.
var sysctls sync.Mutex

// Sysctl sets a kernel setting ("net.ipv4.ip_forward") and remembers what it
// was, once, for RestoreSysctls.
func (h *Host) Sysctl(key, value string) error {
	if err := h.KeepSysctls(key); err != nil {
		return err
	}
	return setSysctl(key, value)
}

// KeepSysctls remembers settings that another program of the lab will change.
func (h *Host) KeepSysctls(keys ...string) error {
	sysctls.Lock()
	defer sysctls.Unlock()
	saved, err := h.savedSysctls()
	if err != nil {
		return err
	}
	for _, key := range keys {
		if _, ok := saved[key]; ok {
			continue
		}
		value, err := os.ReadFile(sysctlFile(key))
		if err != nil {
			return fmt.Errorf("reading the kernel setting %s: %w", key, err)
		}
		saved[key] = strings.TrimSpace(string(value))
	}
	text, err := json.MarshalIndent(saved, "", "  ")
	if err != nil {
		return err
	}
	_, err = Write(h.sysctlsFile(), text, 0o644)
	return err
}

// RestoreSysctls gives every remembered setting its value back.
func (h *Host) RestoreSysctls() error {
	sysctls.Lock()
	defer sysctls.Unlock()
	saved, err := h.savedSysctls()
	if err != nil {
		return err
	}
	var errs []error
	for key, value := range saved {
		errs = append(errs, setSysctl(key, value))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return os.RemoveAll(h.sysctlsFile())
}

func (h *Host) savedSysctls() (map[string]string, error) {
	saved := map[string]string{}
	text, err := os.ReadFile(h.sysctlsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return saved, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &saved); err != nil {
		return nil, fmt.Errorf("reading %q: %w", h.sysctlsFile(), err)
	}
	return saved, nil
}

func (h *Host) sysctlsFile() string { return h.State("sysctls.json") }

func setSysctl(key, value string) error {
	file := sysctlFile(key)
	if now, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(now)) == value {
		return nil
	}
	if err := os.WriteFile(file, []byte(value), 0o644); err != nil {
		return fmt.Errorf("setting the kernel's %s to %s: %w", key, value, err)
	}
	return nil
}

func sysctlFile(key string) string {
	return filepath.Join(procSys, strings.ReplaceAll(key, ".", "/"))
}
