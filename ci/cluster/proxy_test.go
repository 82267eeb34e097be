package cluster

import (
	"io"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServiceGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		var asked string
		server.fail(fault{match: "/proxy/", before: func(request *http.Request) (*http.Response, error) {
			asked = request.URL.RequestURI()
			time.Sleep(300 * time.Millisecond)
			return &http.Response{StatusCode: 503, Header: http.Header{"X-Release": {"1"}}, Body: body(`{"status":"error"}`)}, nil
		}})
		response, err := cluster.ServiceGet(t.Context(), "shop", "web", 3000, "/health?deep=1")
		require.NoError(t, err, "the application's own 503 is an answer")
		assert.Equal(t, "/api/v1/namespaces/shop/services/http:web:3000/proxy/health?deep=1", asked)
		assert.Equal(t, Response{Status: 503, Header: http.Header{"X-Release": {"1"}}, Body: []byte(`{"status":"error"}`), Duration: 300 * time.Millisecond}, response)
	})
}

func TestPodGetPath(t *testing.T) {
	server, cluster := newFake(t)
	_, err := cluster.PodGet(t.Context(), "shop", "web-1", 3000, "/metrics")
	require.Error(t, err)
	assert.Equal(t, 1, server.count("GET /api/v1/namespaces/shop/pods/http:web-1:3000/proxy/metrics"))
}

func TestProxyErrors(t *testing.T) {
	noEndpoints := answer("/proxy/", 503, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"no endpoints available for service \"web\"","reason":"ServiceUnavailable","code":503}`)
	noRight := answer("/proxy/", 403, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"services \"web\" is forbidden: User \"ada\" cannot get resource \"services/proxy\"","reason":"Forbidden","code":403}`)
	noService := answer("/proxy/", 404, `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"services \"web\" not found","reason":"NotFound","code":404}`)
	endless := fault{match: "/proxy/", before: func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(zeros{})}, nil
	}}
	tests := []struct {
		name  string
		fault fault
		check func(*testing.T, error)
	}{
		{"no ready pod", noEndpoints, func(t *testing.T, err error) {
			assert.ErrorIs(t, err, ErrNotServing)
			assert.ErrorContains(t, err, `nothing answers there: no endpoints available for service "web"; look at`)
		}},
		{"no right", noRight, func(t *testing.T, err error) { assert.True(t, IsForbidden(err)) }},
		{"no Service", noService, func(t *testing.T, err error) { assert.True(t, IsNotFound(err)) }},
		{"API server gone", broken("/proxy/", syscall.ECONNRESET), func(t *testing.T, err error) {
			assert.ErrorIs(t, err, ErrUnreachable)
			assert.NotErrorIs(t, err, ErrNotServing)
		}},
		{"endless answer", endless, func(t *testing.T, err error) { assert.ErrorContains(t, err, "longer than") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, cluster := newFake(t)
			server.fail(test.fault)
			_, err := cluster.ServiceGet(t.Context(), "shop", "web", 3000, "/")
			test.check(t, err)
			assert.ErrorContains(t, err, `asking Service "web" in namespace "shop" port 3000 for /: `)
			assert.Equal(t, 1, server.count("/proxy/"), "a probe is sent once")
		})
	}
}

// zeros is an answer without an end.
type zeros struct{}

func (zeros) Read(buffer []byte) (int, error) { return len(buffer), nil }
