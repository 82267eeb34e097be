package ledger_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

// door answers every request after a second, and fails those for one path.
type door struct{}

func (door) RoundTrip(request *http.Request) (*http.Response, error) {
	select {
	case <-time.After(time.Second):
	case <-request.Context().Done():
		return nil, request.Context().Err()
	}
	switch request.URL.Path {
	case "/broken":
		return nil, errors.New("connection reset")
	case "/busy":
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: io.NopCloser(strings.NewReader(""))}, nil
	}
	header := http.Header{"X-Release": {"v1"}, "X-Slot": {"blue"}}
	return &http.Response{StatusCode: http.StatusOK, Header: header, Body: io.NopCloser(strings.NewReader("fine"))}, nil
}

func load(paths ...string) ledger.Load {
	return ledger.Load{Host: "example.com", Paths: paths, Clients: 2, Pause: time.Second, Timeout: 5 * time.Second,
		Client: func(bool) *http.Client { return &http.Client{Transport: door{}} }}
}

func TestEveryRequestIsInTheBook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := ledger.Start(t.Context(), load("/", "/broken", "/busy"))
		time.Sleep(5*time.Second + time.Millisecond) // each client has asked three times and has all three answers
		entries := book.Stop()
		seen := map[string]int{}
		for _, e := range entries {
			seen[e.Path]++
			assert.Equal(t, e.Path != "/", e.Failed(), e.Path)
			if e.Path == "/" {
				assert.Equal(t, "v1", e.Release)
				assert.Equal(t, "blue", e.Slot)
			}
		}
		assert.Equal(t, map[string]int{"/": 2, "/broken": 2, "/busy": 2}, seen)
	})
}

// A request that is on its way when the load ends is answered, since it would look like a failed one otherwise.
func TestStopFailsNoRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := ledger.Start(t.Context(), load("/"))
		time.Sleep(time.Millisecond)
		for _, e := range book.Stop() {
			assert.False(t, e.Failed(), e.Failure)
		}
	})
}

func TestSince(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		book := ledger.Start(t.Context(), load("/"))
		time.Sleep(2*time.Second + time.Millisecond)
		moment := time.Now()
		assert.Empty(t, book.Since(moment))
		time.Sleep(2 * time.Second)
		assert.Len(t, book.Since(moment), 2)
		book.Stop()
	})
}
