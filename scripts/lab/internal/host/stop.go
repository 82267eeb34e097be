package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// killedWithin is how long the kernel may take to end what SIGKILL ended.
const killedWithin = 10 * time.Second

// Stop ends the process of that name with all of its session: asks it, and
// after grace (or when ctx ends) forces it. A process that does not live is fine.
func (h *Host) Stop(ctx context.Context, name string, grace time.Duration) error {
	text, err := os.ReadFile(h.pidFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	var rec record
	if err := json.Unmarshal(text, &rec); err != nil {
		return fmt.Errorf("stopping %s: reading %q: %w; end that process by hand if it lives, and remove the file", name, h.pidFile(name), err)
	}
	if err := rec.stop(ctx, grace); err != nil {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	return os.Remove(h.pidFile(name))
}

func (r record) stop(ctx context.Context, grace time.Duration) error {
	r.signal(syscall.SIGTERM)
	if r.gone(ctx, grace) {
		return nil
	}
	r.signal(syscall.SIGKILL)
	if r.gone(context.WithoutCancel(ctx), killedWithin) {
		return nil
	}
	return fmt.Errorf("processes %v do not end", r.members())
}

func (r record) signal(sig syscall.Signal) {
	for _, pid := range r.members() {
		_ = syscall.Kill(pid, sig) // it may have ended meanwhile
	}
}

// gone waits until no member of the session lives.
func (r record) gone(ctx context.Context, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for len(r.members()) > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(tryEvery / 5):
		}
	}
	return true
}
