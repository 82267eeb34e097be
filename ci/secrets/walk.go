package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// walk takes the steps that are left, and takes them back when one fails.
func (r *rotation) walk(ctx context.Context) error {
	at := slices.IndexFunc(steps, func(s step) bool { return s.name == r.journal.Step })
	if at < 0 {
		return fmt.Errorf("rotating %s: %s is at a step that this version does not know, %q; use the version that began it",
			r.journal, r.ref(journalName), r.journal.Step)
	}
	if r.journal.Reason != "" {
		return r.takeBack(ctx, at)
	}
	for ; at < len(steps); at++ {
		err := r.take(ctx, steps[at], steps[at].do)
		switch {
		case err == nil:
		case ctx.Err() != nil || steps[at].undo == nil:
			return fmt.Errorf("rotating %s: %s: %w; run the same command again, it finishes what is left", r.journal, steps[at].name, err)
		default:
			// What follows the first line are logs of pods.
			r.journal.Reason, _, _ = strings.Cut(fmt.Sprintf("%s: %v", steps[at].name, err), "\n")
			return r.takeBack(ctx, at)
		}
	}
	return r.api.Delete(ctx, r.ref(journalName))
}

// takeBack undoes the steps from the one that failed to the first. The error is the failure, and what became of it.
func (r *rotation) takeBack(ctx context.Context, at int) error {
	r.result.Restarted, r.result.Servers = nil, nil
	for ; at >= 0; at-- {
		if err := r.take(ctx, steps[at], steps[at].undo); err != nil {
			return fmt.Errorf("rotating %s: %s; taking it back did not succeed either: %s: %w; run the same command again, it goes on taking it back",
				r.journal, r.journal.Reason, steps[at].name, err)
		}
	}
	if err := r.api.Delete(ctx, r.ref(journalName)); err != nil {
		return err
	}
	return fmt.Errorf("rotating %s: %s; the old values are back, and what had been restarted runs with them", r.journal, r.journal.Reason)
}

// take does a step, or undoes it, once the journal says so.
func (r *rotation) take(ctx context.Context, s step, do action) (err error) {
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
	if err = r.saveJournal(ctx, r.journal); err != nil {
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
		if _, err := r.api.MergePatch(ctx, r.ref(secret), map[string]any{"data": encode(values)}); err != nil {
			return err
		}
	}
	return nil
}

// touched says whether a pod template's mark is one of this rotation.
func (r *rotation) touched(mark string) bool { return strings.HasPrefix(mark, r.journal.ID+"/") }
