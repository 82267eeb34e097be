package rollout

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/watch"
)

// The real rooms fit the seams.
var (
	_ Cluster   = API{}
	_ Lock      = (*cluster.Lock)(nil)
	_ Images    = (*image.Registry)(nil)
	_ Manifests = ManifestsIn("")
	_ Health    = Inside{}
	_ FrontDoor = Outside{}
	_ Watcher   = Lookout{}
)

// door is a front door at which version v1 answers every service, and how to get there.
func door(t *testing.T) (Outside, release.Target) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Release", "v1")
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	target := release.Target{Environment: production, Slot: "blue", Release: published("v1")}
	target.Environment.URL = "https://example.com:" + address.Port()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	host, _, err := net.SplitHostPort(address.Host)
	require.NoError(t, err)
	return Outside{Application: application, Resolve: map[string]string{"example.com": host}, CA: ca}, target
}

func TestOutsideProvesAtTheEnvironmentsURL(t *testing.T) {
	outside, target := door(t)
	doubt, err := outside.Reach(t.Context(), target)
	require.NoError(t, err)
	assert.Empty(t, doubt)
	proof, err := outside.Prove(t.Context(), target)
	require.NoError(t, err)
	assert.Zero(t, proof.Old+proof.Failed)
}

func TestLookoutEndsWithTheContext(t *testing.T) {
	outside, target := door(t)
	w := after(t, production, "v1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	lookout := Lookout{Application: application, Cluster: pods{w.fakeCluster}, Door: outside, Clock: SystemClock(), Progress: w}
	seen, err := lookout.Watch(ctx, target, time.Minute)
	require.ErrorIs(t, err, context.Canceled)
	assert.NotEqual(t, watch.Healthy, seen.Verdict.Outcome)
}

// pods are those of a fake cluster; none of them answers.
type pods struct{ *fakeCluster }

func (pods) PodGet(context.Context, string, string, int, string) (cluster.Response, error) {
	return cluster.Response{}, cluster.ErrNotServing
}
