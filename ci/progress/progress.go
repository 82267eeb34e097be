// Package progress shows people how far a run is.
package progress

import "context"

// Reporter shows the phases of a run, and what happens in them.
type Reporter interface {
	// Phase begins a phase; the returned function ends it with what came of it.
	Phase(ctx context.Context, name string) (context.Context, func(err error))
	// Info prints a line under the context's phase.
	Info(ctx context.Context, format string, arguments ...any)
}
