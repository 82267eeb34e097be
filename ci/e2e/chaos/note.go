package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

// note keeps an event that was fired.
func (r *round) note(fired Fired) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Fired = append(r.report.Fired, fired)
	r.say("  %s at %s, write %d (%s %s): %s %s", fired.Event, fired.At.Step, fired.At.N, fired.At.Verb, fired.At.Object, fired.Did, fired.Trouble)
	if fired.Trouble != "" {
		r.report.Trouble = append(r.report.Trouble, fmt.Sprintf("%s: %s", fired.Event, fired.Trouble))
	}
}

// remark keeps what became of an event that took its time.
func (r *round) remark(did string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.report.Trouble = append(r.report.Trouble, err.Error())
	}
	r.say("  %s", strings.TrimSpace(did))
}

// did keeps an event by which a Service may lose its endpoints.
func (r *round) did(d deed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deeds = append(r.deeds, d)
}

// violation keeps something that must not be.
func (r *round) violation(format string, arguments ...any) {
	text := fmt.Sprintf(format, arguments...)
	r.report.Violations = append(r.report.Violations, text)
	r.say("  VIOLATION: %s", text)
}

// any says whether an event of some kind was fired.
func (r *round) any(of func(Fired) bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.report.Fired, of)
}

// pause waits, unless the campaign is interrupted.
func (r *round) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
}

// awaitAPI waits until the API server answers again, by its own word and by its store's.
func (r *round) awaitAPI() error {
	ctx, cancel := context.WithTimeout(r.ctx, apiWithin)
	defer cancel()
	for {
		_, err := look(ctx, r.api, r.Namespace, r.Services)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(observeEvery):
		case <-ctx.Done():
			return fmt.Errorf("the API server does not answer again: %w", err)
		}
	}
}

// file keeps something for those who look for what went wrong.
func (r *round) file(what string, text []byte) {
	_ = os.WriteFile(filepath.Join(r.Out, fmt.Sprintf("chaos-%d-%d-%s.json", r.Seed, r.plan.Number, what)), text, 0o600)
}

func shown(e ledger.Entry) string {
	return fmt.Sprintf("%s %s: %d %s %s %s", e.Asked.Format("15:04:05.0"), e.Path, e.Status, e.Release, e.Slot, e.Failure)
}
