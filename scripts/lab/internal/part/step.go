package part

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

const (
	announceAfter = 2 * time.Second  // a step that takes longer says that it has begun
	remindEvery   = 30 * time.Second // and then, at this pace, that it is still going on
)

// A Log prints the lines of steps. Its lines never mix, so parts may run side
// by side.
type Log struct {
	mu  sync.Mutex
	out io.Writer
}

// NewLog returns a Log that prints to out.
func NewLog(out io.Writer) *Log { return &Log{out: out} }

func (l *Log) line(ctx context.Context, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name, _ := ctx.Value(nameKey{}).(string)
	fmt.Fprintf(l.out, "%-10s %s\n", name, fmt.Sprintf(format, args...))
}

type (
	nameKey struct{}
	logKey  struct{}
)

var stderr = NewLog(os.Stderr)

// WithLog makes the steps below ctx print to log instead of to stderr.
func WithLog(ctx context.Context, log *Log) context.Context {
	return context.WithValue(ctx, logKey{}, log)
}

// Named makes the lines of the steps below ctx begin with name.
func Named(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, nameKey{}, name)
}

func logOf(ctx context.Context) *Log {
	if log, ok := ctx.Value(logKey{}).(*Log); ok {
		return log
	}
	return stderr
}

// Info prints one line about the part of ctx.
func Info(ctx context.Context, format string, args ...any) {
	logOf(ctx).line(ctx, format, args...)
}

// Step does one thing and prints it with the time that it took, in seconds. The title
// is what a person would say while waiting: "building Kubernetes 1.34.4".
// Long steps are announced and report now and then that they are alive.
func Step(ctx context.Context, title string, do func(context.Context) error) error {
	log, began := logOf(ctx), time.Now()
	done := make(chan struct{})
	var reporter sync.WaitGroup
	reporter.Go(func() { remind(ctx, log, title, began, done) })

	err := do(ctx)
	close(done)
	reporter.Wait()
	if err != nil {
		log.line(ctx, "%-60s failed after %s", title, seconds(began))
		return fmt.Errorf("%s: %w", title, err)
	}
	log.line(ctx, "%-60s %s", title, seconds(began))
	return nil
}

func remind(ctx context.Context, log *Log, title string, began time.Time, done <-chan struct{}) {
	wait := announceAfter
	for first := true; ; first = false {
		select {
		case <-done:
			return
		case <-time.After(wait):
		}
		if first {
			log.line(ctx, "%s ...", title)
		} else {
			log.line(ctx, "%s ... %s", title, seconds(began))
		}
		wait = remindEvery
	}
}

func seconds(since time.Time) string {
	return fmt.Sprintf("%.1f s", time.Since(since).Seconds())
}
