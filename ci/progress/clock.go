package progress

import (
	"context"
	"time"
)

// Clock tells the time, so that tests need not wait for it.
type Clock interface {
	Now() time.Time
	// Sleep pauses; it returns early, with the context's cause, when the context ends.
	Sleep(ctx context.Context, pause time.Duration) error
}

type systemClock struct{}

// SystemClock is the machine's clock.
func SystemClock() Clock { return systemClock{} }

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
