package secrets

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// step is one part of a rotation. It can be repeated, since a rotation that was killed begins with it again.
type step struct {
	name string
	// concerns says which changes the step is about; without any it is left out.
	concerns func(change) bool
	do, undo action
}

type action func(r *rotation, ctx context.Context, changes []change) error

// steps are those of a rotation, in order. A store takes the new value before any client has it, and the old one until
// no client has it any more. A store that holds a single password (PostgreSQL) is changed while its clients use an
// interim account. The storage of the backups is no store of ours: its new keys are tried before anything changes.
var steps = []step{
	{"try", ofRepository, tryKeys, nothingToUndo},
	{"admit", atServer, tell("admit", "new"), tell("forget", "old")},
	{"move", always, give("move", first), give("move back", old)},
	{"change", viaInterim, tell("change", "new"), tell("change", "old")},
	{"move on", viaInterim, give("move on", final), give("move to interim", first)},
	// Nobody uses the old value from here on, so there is no way back, and no need of one.
	{name: "forget", concerns: atServer, do: tell("forget", "new")},
}

func always(change) bool         { return true }
func atServer(c change) bool     { return c.Server != "" && !ofRepository(c) }
func viaInterim(c change) bool   { return c.Interim != "" }
func ofRepository(c change) bool { return c.Server == config.Repository }

func nothingToUndo(*rotation, context.Context, []change) error { return nil }

func old(c change) string   { return c.Old }
func final(c change) string { return c.New }

// first is what the clients use next after the old value.
func first(c change) string {
	if c.Interim != "" {
		return c.Interim
	}
	return c.New
}

// tell has each change's server do something with the new or the old password.
func tell(what, password string) action {
	return func(r *rotation, ctx context.Context, changes []change) error {
		for _, c := range changes {
			r.Progress.Info(ctx, "%s: %s the %s password", c.Server, what, password)
			if err := r.runServerJob(ctx, c, what, password); err != nil {
				return err
			}
		}
		return nil
	}
}

// give writes a value of each change, and restarts all that read it. To undo one, too: besides the pods that the rotation has
// restarted, any that was made anew since (an eviction, an autoscaler, a container that crashed) has read the other value.
func give(mark string, value func(change) string) action {
	return func(r *rotation, ctx context.Context, changes []change) error {
		if err := r.write(ctx, changes, value); err != nil {
			return err
		}
		return r.restart(ctx, changes, mark)
	}
}
