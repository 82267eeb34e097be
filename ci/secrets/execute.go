package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// execute does the steps that are left, and undoes them when one fails.
func (r *rotation) execute(ctx context.Context) error {
	at := slices.IndexFunc(steps, func(s step) bool { return s.name == r.journal.Step })
	if at < 0 {
		return fmt.Errorf("rotating %s: %s is at a step that this version does not know, %q; use the version that began it",
			r.journal, r.ref(journalName), r.journal.Step)
	}
	if r.journal.Reason != "" {
		return r.undo(ctx, at)
	}
	for ; at < len(steps); at++ {
		err := r.run(ctx, steps[at], steps[at].do)
		switch {
		case err == nil:
		case ctx.Err() != nil || steps[at].undo == nil:
			return fmt.Errorf("rotating %s: %s: %w; run the same command again, it finishes what is left", r.journal, steps[at].name, err)
		default:
			// What follows the first line are logs of pods.
			r.journal.Reason, _, _ = strings.Cut(fmt.Sprintf("%s: %v", steps[at].name, err), "\n")
			return r.undo(ctx, at)
		}
	}
	return r.deleteJournal(ctx)
}

// undo undoes the steps from the one that failed to the first. The error is the failure, and what became of it.
func (r *rotation) undo(ctx context.Context, at int) error {
	r.result.Restarted, r.result.Servers = nil, nil
	for ; at >= 0; at-- {
		if err := r.run(ctx, steps[at], steps[at].undo); err != nil {
			return fmt.Errorf("rotating %s: %s; undoing it failed, too: %s: %w; run the same command again, it goes on undoing it",
				r.journal, r.journal.Reason, steps[at].name, err)
		}
	}
	if err := r.deleteJournal(ctx); err != nil {
		return err
	}
	return fmt.Errorf("rotating %s: %s; the old values are back, and all that reads them was restarted", r.journal, r.journal.Reason)
}

// run does a step, or undoes it, once the journal says so.
func (r *rotation) run(ctx context.Context, s step, do action) (err error) {
	changes := slices.DeleteFunc(slices.Clone(r.journal.Changes), func(c change) bool { return !s.concerns(c) })
	if len(changes) == 0 {
		return nil
	}
	r.journal.Step = s.name
	name := s.name
	if r.journal.Reason != "" {
		name = "undo " + name
	}
	ctx, end := r.Progress.Phase(ctx, name)
	defer func() { end(err) }()
	if err = r.saveJournal(ctx); err != nil {
		return err
	}
	return do(r, ctx, changes)
}

// write sets a value of each change in its Secret, and nothing else there.
func (r *rotation) write(ctx context.Context, changes []change, value func(change) string) error {
	bySecret := map[string]map[string]string{}
	for _, c := range changes {
		if bySecret[c.Secret] == nil {
			bySecret[c.Secret] = map[string]string{}
		}
		bySecret[c.Secret][c.Key] = value(c)
	}
	for secret, values := range bySecret {
		if _, err := r.held.Patch(ctx, r.ref(secret), map[string]any{"data": encode(values)}); err != nil {
			return err
		}
	}
	return nil
}
