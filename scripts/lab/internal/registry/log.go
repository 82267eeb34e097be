package registry

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// logRequests writes one line for each request when it is answered:
//
//	2026-11-23T10:15:00.000Z PUT ghcr.io /v2/codingbutter/x/blobs/uploads/1f… 201
//
// A PUT below /blobs/uploads/ that is answered by 201 is a blob that was
// uploaded. (A POST there that is answered by 201 only took a blob over from
// another repository.)
func logRequests(out io.Writer, next http.Handler) http.Handler {
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The handler may rewrite the request; the log tells what was asked.
		method, host, path := r.Method, r.Host, r.URL.EscapedPath()
		answer := &answer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(out, "%s %s %s %s %d\n", time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), method, host, path, answer.status)
	})
}

// An answer remembers the status that went out.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
