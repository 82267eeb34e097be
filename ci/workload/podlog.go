package workload

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// podLog copies what a container writes, line by line, each line once: a stream that breaks is taken up again where it was.
type podLog struct {
	api       *cluster.Cluster
	namespace string
	pod       Pod
	container string
	output    io.Writer

	// complete says that the container has ended: the next end of a stream is that of the log.
	complete atomic.Bool
	cancel   context.CancelFunc
	again    chan struct{} // receives when the stream is to be opened anew
	ended    chan error
	over     bool // whether ended was received

	last     time.Time // of the last line that was copied
	repeated int       // how many lines of that time were copied
	denied   time.Time // since when the API server refuses the log; zero when it does not
}

func startLog(ctx context.Context, api *cluster.Cluster, namespace string, pod Pod, container string, output io.Writer) *podLog {
	ctx, cancel := context.WithCancel(ctx)
	log := &podLog{api: api, namespace: namespace, pod: pod, container: container, output: output, cancel: cancel,
		again: make(chan struct{}, 1), ended: make(chan error, 1)}
	go func() { log.ended <- log.copy(ctx) }()
	return log
}

// reopen lets the stream begin anew where it is. It is safe on a log that was not started.
func (l *podLog) reopen() {
	if l == nil {
		return
	}
	select {
	case l.again <- struct{}{}:
	default:
	}
}

// stop ends the copying. It is safe on a log that was not started.
func (l *podLog) stop() {
	if l == nil || l.over {
		return
	}
	l.cancel()
	<-l.ended
	l.over = true
}

// wait pauses until it is time for the next look, or until the copying has ended; then it returns what ended it.
func (l *podLog) wait(ctx context.Context, soon bool) error {
	pause, ended := poll, (<-chan error)(nil)
	if l != nil && !l.over {
		ended = l.ended
		if !soon {
			pause = jobPoll
		}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case err := <-ended:
		l.over = true
		return err
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// copy lasts until the log is complete or its pod is gone. What else it meets it tries again, for as long as it may.
func (l *podLog) copy(ctx context.Context) error {
	for {
		complete := l.complete.Load()
		rest, err := l.stream(ctx)
		var refusal *outputError
		switch {
		case errors.As(err, &refusal):
			return refusal.error
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && complete:
			return l.write(rest)
		case cluster.IsNotFound(err):
			return nil
		case l.denies(err):
			return err
		}
		if !cluster.Sleep(ctx, poll) {
			return context.Cause(ctx)
		}
	}
}

// denies reports that the API server refuses the log for longer than one that has just come back would.
func (l *podLog) denies(err error) bool {
	switch {
	case !cluster.IsForbidden(err) && !apierrors.IsUnauthorized(err):
		l.denied = time.Time{}
	case l.denied.IsZero():
		l.denied = time.Now()
	}
	return !l.denied.IsZero() && time.Since(l.denied) >= warmUp
}

// stream copies whole lines until the stream ends, and returns the begun one.
func (l *podLog) stream(ctx context.Context) (rest []byte, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-l.again:
			cancel()
		case <-ctx.Done():
		}
	}()
	stream, err := l.api.FollowLogs(ctx, l.namespace, l.pod.Name, cluster.LogOptions{Container: l.container, Since: l.last, Timestamps: true})
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	return l.copyLines(bufio.NewReader(stream))
}

// copyLines leaves out what was copied already: the node gives whole seconds, and several lines may have one time.
func (l *podLog) copyLines(lines *bufio.Reader) (rest []byte, err error) {
	from, repeated := l.last, l.repeated
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("following the logs of Pod %q: %w", l.pod.Name, err)
		}
		at, text, ok := stamped(line)
		switch {
		case !ok && !l.last.IsZero(), at.Before(from): // the former is the node's, such as why it has no log any more
			text = nil
		case at.Equal(from) && repeated > 0:
			text, repeated = nil, repeated-1
		}
		switch {
		case err != nil:
			return text, nil
		case text == nil:
			continue
		}
		l.copied(at)
		if err := l.write(text); err != nil {
			return nil, &outputError{err}
		}
	}
}

// copied remembers the time of a line that was copied.
func (l *podLog) copied(at time.Time) {
	if !at.Equal(l.last) {
		l.last, l.repeated = at, 0
	}
	l.repeated++
}

// stamped takes the time off a line. One of the container's has a time, unless its node never gives any.
func stamped(line []byte) (at time.Time, text []byte, ok bool) {
	stamp, text, _ := bytes.Cut(line, []byte(" "))
	at, err := time.Parse(time.RFC3339Nano, string(stamp))
	if err != nil {
		return time.Time{}, line, false
	}
	return at, text, true
}

// outputError is what the output says, not the log.
type outputError struct{ error }

// write ends the last line, too: what follows may be the log of another pod.
func (l *podLog) write(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	_, err := l.output.Write(text)
	return err
}
