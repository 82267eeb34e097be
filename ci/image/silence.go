package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// DefaultSilence is more than any registry takes to answer, or to take the next
// part of an upload.
const DefaultSilence = 30 * time.Second

// silence is the error of a request on which nothing moved for so long.
type silence time.Duration

func (s silence) Error() string { return fmt.Sprintf("nothing came for %s", time.Duration(s)) }

// Is keeps the request from being made again: a registry that holds one for so
// long holds the next one, too.
func (silence) Is(target error) bool { return target == context.DeadlineExceeded }

// attentive ends requests on which nothing moves: no part of the body is taken, no
// answer or no part of it comes. A limit for a whole request would end the slow
// upload of a large layer, too.
type attentive struct {
	inner http.RoundTripper
	limit time.Duration
}

func (a attentive) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(request.Context())
	watch := &watch{ctx: ctx, cancel: cancel, limit: a.limit}
	watch.timer = time.AfterFunc(a.limit, func() { cancel(silence(a.limit)) })
	request = request.WithContext(ctx)
	if request.GetBody != nil {
		// Above, a request that met an expired token is sent again, and its body was read.
		body, err := request.GetBody()
		if err != nil {
			watch.end()
			return nil, err
		}
		request.Body = body
	}
	if request.Body != nil && request.Body != http.NoBody {
		request.Body = watchedBody{request.Body, watch, func() {}}
	}
	response, err := a.inner.RoundTrip(request)
	if err != nil {
		defer watch.end()
		return nil, watch.cause(err)
	}
	response.Body = watchedBody{response.Body, watch, watch.end}
	return response, nil
}

// watch is the time that is left to one request.
type watch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func (w *watch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause is the silence, if that is what ended the request, else the error itself.
func (w *watch) cause(err error) error {
	var silent silence
	if errors.As(context.Cause(w.ctx), &silent) {
		return silent
	}
	return err
}

// watchedBody starts the time anew with each part that moves.
type watchedBody struct {
	io.ReadCloser
	watch *watch
	end   func()
}

func (b watchedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.watch.timer.Reset(b.watch.limit)
	}
	if err != nil && err != io.EOF {
		err = b.watch.cause(err)
	}
	return n, err
}

func (b watchedBody) Close() error {
	defer b.end()
	return b.ReadCloser.Close()
}
