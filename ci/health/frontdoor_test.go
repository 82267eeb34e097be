package health_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/health"
)

// door is an ingress with TLS in front of the shop. Each request gets what the
// script says, by its number from 1.
type door struct {
	*httptest.Server
	mutex       sync.Mutex
	requests    int
	connections map[string]bool
	script      func(w http.ResponseWriter, r *http.Request, number int)
}

func openDoor(t *testing.T, script func(w http.ResponseWriter, r *http.Request, number int)) *door {
	t.Helper()
	opened := &door{script: script, connections: map[string]bool{}}
	opened.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		opened.mutex.Lock()
		opened.requests++
		number := opened.requests
		opened.connections[r.RemoteAddr] = true
		opened.mutex.Unlock()
		opened.script(w, r, number)
	}))
	// Refused handshakes are part of the tests, not news.
	opened.Config.ErrorLog = log.New(io.Discard, "", 0)
	opened.StartTLS()
	t.Cleanup(opened.Close)
	return opened
}

func (d *door) ca() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: d.Certificate().Raw})
}

// client asks for https://example.com, which the test server's certificate names.
func (d *door) client(t *testing.T, change ...func(*health.FrontDoorOptions)) *health.FrontDoor {
	t.Helper()
	options := health.FrontDoorOptions{
		URL: "https://example.com", CA: d.ca(),
		Resolve: map[string]string{"example.com": d.Listener.Addr().String()},
	}
	for _, apply := range change {
		apply(&options)
	}
	made, err := health.NewFrontDoor(options)
	require.NoError(t, err)
	return made
}

func as(release string) func(http.ResponseWriter, *http.Request, int) {
	return func(w http.ResponseWriter, _ *http.Request, _ int) { reply(w, 200, release) }
}

func reply(w http.ResponseWriter, status int, release string) {
	w.Header().Set("x-release", release)
	w.Header().Set("x-slot", "green")
	w.WriteHeader(status)
	fmt.Fprint(w, `{"status":"ok","dependencies":{"postgres":{"status":"ok","latencyMs":2}}}`)
}

func TestFrontDoorGet(t *testing.T) {
	opened := openDoor(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		assert.Equal(t, "example.com", r.Host)
		if r.URL.Path == "/login" {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
			return
		}
		reply(w, 503, "v2")
	})
	asked := opened.client(t)
	for range 3 {
		got, err := asked.Get(t.Context(), "/api/health?full=1")
		require.NoError(t, err)
		assert.Equal(t, 503, got.Status)
		assert.Equal(t, "v2", got.Release)
		assert.Equal(t, "green", got.Slot)
		assert.Contains(t, string(got.Body), "postgres")
	}
	assert.Len(t, opened.connections, 3, "every request on a connection of its own")

	got, err := asked.Get(t.Context(), "/login")
	require.NoError(t, err)
	assert.Equal(t, http.StatusFound, got.Status, "redirects are not followed")
}

func TestFrontDoorWithoutAnswer(t *testing.T) {
	opened := openDoor(t, as("v2"))
	// No resolver is asked for a label of more than 63 letters.
	unknown := strings.Repeat("a", 64) + ".example"
	for _, test := range []struct {
		name   string
		change func(*health.FrontDoorOptions)
		says   string
	}{
		{"unknown authority", func(o *health.FrontDoorOptions) { o.CA = nil }, "give it with --ca"},
		{"nobody listens", func(o *health.FrontDoorOptions) { o.Resolve = map[string]string{"example.com": "127.0.0.1:1"} }, "connection refused"},
		{"unknown name", func(o *health.FrontDoorOptions) { o.URL, o.Resolve = "https://"+unknown, nil }, "--resolve " + unknown + "=ADDRESS"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := opened.client(t, test.change).Get(t.Context(), "/api/health")
			require.ErrorContains(t, err, test.says)
			assert.ErrorContains(t, err, "/api/health")
		})
	}
}

func TestNewFrontDoorRefuses(t *testing.T) {
	_, err := health.NewFrontDoor(health.FrontDoorOptions{URL: "shop.example"})
	assert.ErrorContains(t, err, `URL "shop.example"`)
	_, err = health.NewFrontDoor(health.FrontDoorOptions{URL: "https://shop.example", CA: []byte("none")})
	assert.ErrorContains(t, err, "give a PEM file")
}

func TestParseResolve(t *testing.T) {
	got, err := health.ParseResolve([]string{"a.example=10.0.0.7", " b.example=127.0.0.1:8443", "c.example=::1", "d.example=[::1]:443"})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a.example": "10.0.0.7", "b.example": "127.0.0.1:8443", "c.example": "::1", "d.example": "[::1]:443"}, got)
	for _, pair := range []string{"", "a.example", "=10.0.0.7", "a.example=", "a.example=b.example", "a.example:443:10.0.0.7"} {
		_, err := health.ParseResolve([]string{pair})
		assert.ErrorContains(t, err, "not of the form host=address", pair)
	}
}

func TestOutside(t *testing.T) {
	paths := map[string]bool{}
	opened := openDoor(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		paths[r.URL.Path] = true
		reply(w, 200, "v2")
	})
	report := health.Examine(t.Context(), shop(), health.Outside(shopApp, shop(), wellShop().api, opened.client(t)))
	require.NoError(t, report.Err())
	assert.Equal(t, map[string]bool{"/api/health": true, "/api/orders/health": true, "/api/health/db": true}, paths)
	assert.Equal(t, "postgres answers in 2.0 ms", report.Checks[2].Detail)

	opened.script = func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Path == "/api/health/db" {
			reply(w, 503, "v2")
			return
		}
		reply(w, 200, "v2")
	}
	report = health.Examine(t.Context(), shop(), health.Outside(shopApp, shop(), wellShop().api, opened.client(t)))
	assert.ErrorContains(t, report.Err(), "databases: web: /api/health/db answered 503")

	below := shop()
	below.Environment.HealthPaths = []string{"/api/orders/db"}
	below.Release.Version = "v3"
	report = health.Examine(t.Context(), below, health.Outside(shopApp, below, wellShop().api, opened.client(t)))
	assert.ErrorContains(t, report.Err(), "databases: orders: /api/orders/db answered", "the path belongs to whom the front door sends it to")
}
