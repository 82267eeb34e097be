package main

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// lockFile is held by the command that changes the machine.
const lockFile = "/run/lock/team-dashboard-lab"

// turn waits until no other command changes the machine, and makes sure that
// no other lab has it. What one that was killed left there is taken away: its
// pods' networks would get in the way of h's, and its kernel settings would be
// taken for the machine's own.
func turn(ctx context.Context, h *host.Host) (end func(), err error) {
	unlock, err := host.Lock(ctx, lockFile)
	if err != nil {
		return nil, err
	}
	if err := evict(ctx, h); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

func evict(ctx context.Context, h *host.Host) error {
	other, err := h.Other()
	if err != nil || other == nil {
		return err
	}
	part.Info(part.Named(ctx, "lab"), "taking away what is left of the lab in %s, which was killed", other.Root)
	if err := takeAllDown(ctx, other); err != nil {
		return fmt.Errorf("taking down the lab in %s: %w", other.Root, err)
	}
	return nil
}
