package main

import (
	"context"
	"fmt"

	telemetry "github.com/dagger/otel-go"
	"go.opentelemetry.io/otel/codes"
)

// spans shows the phases of a run as spans, so that the terminal draws them with their durations, and what
// happens in a phase as lines under it.
type spans struct{}

// Phase opens a span; the returned function closes it with how the phase ended.
func (spans) Phase(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := Tracer().Start(ctx, name)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, name+" failed")
		}
		span.End()
	}
}

// Info prints one line under the context's phase.
func (spans) Info(ctx context.Context, format string, arguments ...any) {
	streams := telemetry.SpanStdio(ctx, "team-dashboard")
	defer streams.Close()
	fmt.Fprintf(streams.Stderr, format+"\n", arguments...)
}

// lines is an io.Writer whose output is shown under the context's phase.
type lines struct{ ctx context.Context }

func (l lines) Write(text []byte) (int, error) {
	streams := telemetry.SpanStdio(l.ctx, "team-dashboard")
	defer streams.Close()
	return streams.Stderr.Write(text)
}
