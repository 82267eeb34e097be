//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// entry is one request and what came of it.
type entry struct {
	asked, answered time.Time
	path            string
	fresh           bool
	status          int
	release, slot   string
	failure         string
}

// ledger is a constant load on the front door, and the book of every request of it. Half of the clients open a
// connection per request, half keep theirs.
type ledger struct {
	host    string
	stop    context.CancelFunc
	clients sync.WaitGroup
	mu      sync.Mutex
	entries []entry
}

// paths are one per service, so that a request to each of the four is in the book.
var paths = []string{"/api/health", "/api/agents/health", "/api/mcp/health", "/api/openai/health"}

const (
	clients     = 8
	pause       = 100 * time.Millisecond
	requestTime = 10 * time.Second
	ingress     = "10.99.0.1:443"
)

// underLoad asks a host at the front door for the paths, and for more, until end is called; it bounds itself to half an
// hour.
func underLoad(t testing.TB, host string, more ...string) *ledger {
	t.Helper()
	asked := slices.Concat(paths, more)
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Minute)
	book := &ledger{host: host, stop: stop}
	for i := range clients {
		client := doorClient(t, i%2 == 0)
		book.clients.Add(1)
		go func() {
			defer book.clients.Done()
			for n := i; ctx.Err() == nil; n++ {
				book.ask(client, asked[n%len(asked)], i%2 == 0)
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
			}
		}()
	}
	t.Cleanup(func() { book.end() })
	return book
}

// end stops the load and returns the book, in the order of the answers.
func (l *ledger) end() []entry {
	l.stop()
	l.clients.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.entries, func(a, b entry) int { return a.answered.Compare(b.answered) })
	return l.entries
}

func (l *ledger) ask(client *http.Client, path string, fresh bool) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTime)
	defer cancel()
	e := entry{asked: time.Now(), path: path, fresh: fresh}
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+l.host+path, nil)
	response, err := client.Do(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		e.status, e.release, e.slot = response.StatusCode, response.Header.Get("x-release"), response.Header.Get("x-slot")
	}
	if err != nil {
		e.failure = err.Error()
	}
	e.answered = time.Now()
	l.mu.Lock()
	l.entries = append(l.entries, e)
	l.mu.Unlock()
}

// doorClient reaches the lab's ingress under the public names and trusts the lab's authority alone.
func doorClient(t testing.TB, fresh bool) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(labFile(t, "state/pki/ca.crt"))
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: fresh,
		TLSClientConfig:   &tls.Config{RootCAs: pool},
		DialContext:       dialTo(ingress),
	}}
}

// dialTo connects to one address, whatever name was asked for.
func dialTo(address string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

// failures lists the requests that a user would have seen fail.
func failures(book []entry) []string {
	var failed []string
	for _, e := range book {
		if e.failure != "" || e.status != http.StatusOK {
			failed = append(failed, fmt.Sprintf("%s %s fresh=%t %d %s %s", e.asked.Format(time.StampMilli), e.path, e.fresh, e.status, e.release, e.failure))
		}
	}
	return failed
}

// releasesBySlot is which releases answered from each slot, in order and without repeats in a row.
func releasesBySlot(book []entry) map[string][]string {
	seen := map[string][]string{}
	for _, e := range book {
		if list := seen[e.slot]; len(list) == 0 || list[len(list)-1] != e.release {
			seen[e.slot] = append(list, e.release)
		}
	}
	return seen
}

// overlap is how long the two releases answered side by side in the switch before a moment: from the first answer of
// the new one to the last fresh connection that still got the old one.
func overlap(book []entry, before time.Time, old, new string) time.Duration {
	var firstNew, lastOld time.Time
	for _, e := range book {
		switch {
		case e.answered.After(before):
		case e.release == new && firstNew.IsZero():
			firstNew = e.answered
		case e.release == old && e.fresh && !firstNew.IsZero():
			lastOld = e.asked
		}
	}
	return max(0, lastOld.Sub(firstNew))
}

func labFile(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("TEAM_DASHBOARD_LAB_DIR")
	require.NotEmpty(t, root, "TEAM_DASHBOARD_LAB_DIR is not set: run the end-to-end tests with make e2e")
	return strings.TrimSuffix(root, "/") + "/" + path
}
