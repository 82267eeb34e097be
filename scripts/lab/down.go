package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/access"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// down takes every part down, also those that the last "up" did not bring, and
// goes on where one fails: the more is gone, the better.
func down(ctx context.Context, h *host.Host) error {
	if err := asRoot(); err != nil {
		return err
	}
	end, err := turn(ctx, h)
	if err != nil {
		return err
	}
	defer end()
	return takeAllDown(ctx, h)
}

// takeAllDown also frees the machine for another lab, if nothing was left.
func takeAllDown(ctx context.Context, h *host.Host) error {
	var errs []error
	for _, stage := range slices.Backward(stages(h, access.Access{})) {
		for _, p := range slices.Backward(stage) {
			errs = append(errs, takeDown(part.Named(ctx, p.Name()), p))
		}
	}
	if err := errors.Join(append(errs, access.Forget(h))...); err != nil {
		return err
	}
	return h.Release()
}

func takeDown(ctx context.Context, p part.Part) error {
	if _, err := p.Status(ctx); errors.Is(err, part.ErrDown) {
		// It may still have left something behind.
		if err := p.Down(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.Name(), err)
		}
		return nil
	}
	err := part.Step(ctx, "going down", p.Down)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Name(), err)
	}
	return nil
}
