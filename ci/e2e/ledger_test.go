//go:build e2e

package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

// paths are one per service, so that a request to each of the four is in the book.
var paths = []string{"/api/health", "/api/agents/health", "/api/mcp/health", "/api/openai/health"}

const ingress = "10.99.0.1:443"

// underLoad asks a host at the front door for the paths, and for more, until the ledger is stopped; it bounds itself to
// half an hour.
func underLoad(t testing.TB, host string, more ...string) *ledger.Ledger {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Minute)
	t.Cleanup(stop)
	book := ledger.Start(ctx, ledger.Load{
		Host: host, Paths: slices.Concat(paths, more),
		Clients: 8, Pause: 100 * time.Millisecond, Timeout: 10 * time.Second,
		Client: func(fresh bool) *http.Client { return doorClient(t, fresh) },
	})
	t.Cleanup(func() { book.Stop() })
	return book
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
func failures(book []ledger.Entry) []string {
	var failed []string
	for _, e := range book {
		if e.Failed() {
			failed = append(failed, fmt.Sprintf("%s %s fresh=%t %d %s %s", e.Asked.Format(time.StampMilli), e.Path, e.Fresh, e.Status, e.Release, e.Failure))
		}
	}
	return failed
}

// releasesBySlot is which releases answered from each slot, in order and without repeats in a row.
func releasesBySlot(book []ledger.Entry) map[string][]string {
	seen := map[string][]string{}
	for _, e := range book {
		if list := seen[e.Slot]; len(list) == 0 || list[len(list)-1] != e.Release {
			seen[e.Slot] = append(list, e.Release)
		}
	}
	return seen
}

// overlap is how long the two releases answered side by side in the switch before a moment: from the first answer of
// the new one to the last fresh connection that still got the old one.
func overlap(book []ledger.Entry, before time.Time, old, new string) time.Duration {
	var firstNew, lastOld time.Time
	for _, e := range book {
		switch {
		case e.Answered.After(before):
		case e.Release == new && firstNew.IsZero():
			firstNew = e.Answered
		case e.Release == old && e.Fresh && !firstNew.IsZero():
			lastOld = e.Asked
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
