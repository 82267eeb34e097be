package cluster

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	unavailable = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"etcdserver: leader changed","reason":"ServiceUnavailable","code":503}`
	throttled   = `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too many requests","reason":"TooManyRequests","details":{"retryAfterSeconds":3},"code":429}`
)

var errOutOfTime = errors.New("out of time")

func shopSecret() *Object {
	return &Object{Object: map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "key", "namespace": "shop"}}}
}

func TestRetries(t *testing.T) {
	get := func(ctx context.Context, c *Cluster) error { _, err := c.Get(ctx, RefOf(shopSecret())); return err }
	apply := func(ctx context.Context, c *Cluster) error {
		_, err := c.Apply(ctx, shopSecret(), ApplyOptions{})
		return err
	}
	create := func(ctx context.Context, c *Cluster) error { _, err := c.Create(ctx, shopSecret()); return err }
	patch := func(ctx context.Context, c *Cluster) error {
		_, err := c.Patch(ctx, RefOf(shopSecret()), []Operation{{Op: "add", Path: "/type", Value: "Opaque"}})
		return err
	}
	reset := func(match string) fault { return broken(match, syscall.ECONNRESET) }
	tests := []struct {
		name   string
		call   func(context.Context, *Cluster) error
		fault  func(match string) fault
		method string
		sent   int
	}{
		{"read, overloaded", get, func(m string) fault { return answer(m, 503, unavailable) }, "GET", 3},
		{"read, load balancer", get, func(m string) fault { return answer(m, 502, "<html>") }, "GET", 3},
		{"read, connection reset", get, reset, "GET", 3},
		{"read, refused", get, func(m string) fault {
			return answer(m, 403, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":403}`)
		}, "GET", 1},
		{"read, wrong certificate", get, func(m string) fault {
			return broken(m, &tls.CertificateVerificationError{Err: errors.New("unknown authority")})
		}, "GET", 1},
		{"apply, overloaded", apply, func(m string) fault { return answer(m, 429, throttled) }, "PATCH", 3},
		{"apply, connection reset", apply, reset, "PATCH", 3},
		{"create, connection reset", create, reset, "POST", 1},
		{"patch, connection reset", patch, reset, "PATCH", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, cluster := newFake(t)
				if test.method == "GET" {
					server.put(t, "/api/v1/namespaces/shop/secrets/key", shopSecret().Object)
				}
				match := test.method + " /api/v1/namespaces/shop/secrets"
				server.fail(test.fault(match), test.fault(match))
				err := test.call(t.Context(), cluster)
				assert.Equal(t, test.sent, server.count(match))
				assert.Equal(t, test.sent == 3, err == nil, "%v", err)
			})
		})
	}
}

func TestRetryObeysTheServersPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		server.fail(answer("/secrets", 429, throttled))
		start := time.Now()
		_, err := cluster.List(t.Context(), "v1", "Secret", "shop", "")
		require.NoError(t, err)
		assert.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		for range 20 {
			server.fail(broken("/secrets", syscall.ECONNREFUSED))
		}
		_, err := cluster.List(t.Context(), "v1", "Secret", "shop", "")
		require.ErrorIs(t, err, ErrUnreachable)
		assert.ErrorContains(t, err, `listing the objects of kind Secret in namespace "shop": the API server does not answer`)
		assert.Equal(t, productionTiming.retry.attempts, server.count("/secrets"))
	})
}

func TestServerThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		server.fail(hung("/secrets"))
		_, err := cluster.List(t.Context(), "v1", "Secret", "shop", "")
		require.NoError(t, err)
		assert.Equal(t, 2, server.count("/secrets"))
	})
}

func TestCancelledRequestSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		server.fail(hung("/secrets"))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errOutOfTime) })
		_, err := cluster.List(ctx, "v1", "Secret", "shop", "")
		assert.ErrorIs(t, err, errOutOfTime)
		assert.NotErrorIs(t, err, ErrUnreachable)
	})
}

func TestCancelledPauseSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, cluster := newFake(t)
		server.fail(answer("/secrets", 429, throttled))
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(errOutOfTime) })
		_, err := cluster.List(ctx, "v1", "Secret", "shop", "")
		assert.ErrorIs(t, err, errOutOfTime)
		assert.ErrorContains(t, err, "too many requests")
	})
}

func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plain := backoff{attempts: 5, first: time.Second, factor: 3, longest: 5 * time.Second}
		patient := backoff{within: time.Minute, first: time.Second, factor: 3, longest: 5 * time.Second}
		for _, test := range []struct {
			name   string
			policy backoff
			n      int
			asked  time.Duration
			gone   time.Duration
			want   time.Duration
		}{
			{"the first", plain, 1, 0, 0, time.Second},
			{"the second", plain, 2, 0, 0, 3 * time.Second},
			{"the third", plain, 3, 0, 0, 5 * time.Second},
			{"the hundredth", patient, 100, 0, 0, 5 * time.Second},
			{"one that the server asks for", plain, 1, 4 * time.Second, 0, 4 * time.Second},
			{"a long one that the server asks for", plain, 1, 20 * time.Second, 0, 5 * time.Second},
			{"a long one, with a budget", patient, 1, 20 * time.Second, 0, 20 * time.Second},
			{"a long one, near the end of the budget", patient, 1, 20 * time.Second, 50 * time.Second, 10 * time.Second},
		} {
			assert.Equal(t, test.want, test.policy.pause(test.n, test.asked, time.Now().Add(-test.gone)), test.name)
		}
	})
}

func TestOutageBudget(t *testing.T) {
	for _, test := range []struct {
		name   string
		away   time.Duration
		budget time.Duration
		fails  bool
	}{
		{"a short outage", 20 * time.Second, 6 * time.Minute, false},
		{"five minutes", 5 * time.Minute, 6 * time.Minute, false},
		{"longer than the budget", 10 * time.Minute, 6 * time.Minute, true},
		{"no budget", time.Millisecond, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, cluster := newFake(t)
				began := time.Now()
				server.away = func() bool { return time.Since(began) < test.away }
				_, err := cluster.WithOutageBudget(test.budget).List(t.Context(), "v1", "Secret", "shop", "")
				assert.Equal(t, test.fails, err != nil, "%v", err)
				if test.budget > 0 && test.fails {
					assert.ErrorContains(t, err, "the API server does not answer: connection refused (for 6m0s by now); check the network and the API server, then run the same command again")
					assert.False(t, IsTransient(err), "nobody needs to wait once more")
				}
			})
		})
	}
}

// An API server that has just come back does not know its users yet.
func TestRefusalsAfterAnOutage(t *testing.T) {
	const forbidden = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"User \"ada\" cannot list"}`
	list := func(t *testing.T, away time.Duration, refusals int) error {
		server, cluster := newFake(t)
		if away > 0 {
			began := time.Now()
			server.away = func() bool { return time.Since(began) < away }
		}
		for range refusals {
			server.fail(answer("/secrets", 403, forbidden))
		}
		_, err := cluster.WithOutageBudget(time.Minute).List(t.Context(), "v1", "Secret", "shop", "")
		return err
	}
	synctest.Test(t, func(t *testing.T) {
		assert.NoError(t, list(t, 10*time.Second, 2))
		assert.True(t, IsForbidden(list(t, 0, 1)), "without an outage a refusal is one")
		assert.True(t, IsForbidden(list(t, 10*time.Second, 100)), "after a while it is one, too")
	})
}

func TestWarningsOfTheServer(t *testing.T) {
	server, cluster := newFake(t)
	server.fail(fault{match: "PATCH", before: func(*http.Request) (*http.Response, error) {
		header := http.Header{"Warning": {`299 - "would violate PodSecurity \"restricted:latest\""`}}
		return &http.Response{StatusCode: 200, Header: header, Body: body(`{"apiVersion":"v1","kind":"Secret"}`)}, nil
	}})
	var warnings []string
	_, err := cluster.Apply(t.Context(), shopSecret(), ApplyOptions{DryRun: true, Warning: func(text string) { warnings = append(warnings, text) }})
	require.NoError(t, err)
	assert.Equal(t, []string{`would violate PodSecurity "restricted:latest"`}, warnings)
}

func TestUnknownKind(t *testing.T) {
	_, cluster := newFake(t)
	for _, apiVersion := range []string{"gateway.networking.k8s.io/v1", "apps/v1"} {
		_, err := cluster.List(t.Context(), apiVersion, "HTTPRoute", "shop", "")
		require.ErrorIs(t, err, ErrUnknownKind)
		assert.ErrorContains(t, err, apiVersion+" HTTPRoute")
		assert.NoError(t, cluster.Delete(t.Context(), Ref{APIVersion: apiVersion, Kind: "HTTPRoute", Namespace: "shop", Name: "web"}))
	}
}

func TestIncompleteRef(t *testing.T) {
	_, cluster := newFake(t)
	_, err := cluster.Get(t.Context(), Ref{APIVersion: "v1", Kind: "Secret", Name: "key"})
	assert.ErrorContains(t, err, `reading Secret "key": it has no namespace`)
	_, err = cluster.Get(t.Context(), Ref{APIVersion: "v1", Kind: "Secret", Namespace: "shop"})
	assert.ErrorContains(t, err, "it has no name")
}

func TestErrorsAreToldApart(t *testing.T) {
	server, cluster := newFake(t)
	_, err := cluster.Get(t.Context(), RefOf(shopSecret()))
	assert.True(t, IsNotFound(err))
	assert.ErrorContains(t, err, `reading Secret "key" in namespace "shop": `)

	server.put(t, "/api/v1/namespaces/shop/secrets/key", shopSecret().Object)
	_, err = cluster.Create(t.Context(), shopSecret())
	assert.True(t, IsConflict(err))

	server.fail(answer("PATCH", 403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,`+
		`"message":"secrets \"key\" is forbidden: User \"ada\" cannot patch resource \"secrets\""}`))
	_, err = cluster.Apply(t.Context(), shopSecret(), ApplyOptions{})
	assert.True(t, IsForbidden(err))
	assert.ErrorContains(t, err, `applying Secret "key" in namespace "shop": secrets "key" is forbidden`)
	assert.ErrorContains(t, err, "give the kubeconfig's user this right")
}

func TestPatchWithPrecondition(t *testing.T) {
	server, cluster := newFake(t)
	server.put(t, "/api/v1/namespaces/shop/secrets/key", shopSecret().Object)
	version := server.get("/api/v1/namespaces/shop/secrets/key").GetResourceVersion()
	operations := []Operation{
		{Op: "test", Path: "/metadata/resourceVersion", Value: version},
		{Op: "add", Path: "/type", Value: "Opaque"},
	}
	_, err := cluster.Patch(t.Context(), RefOf(shopSecret()), operations)
	require.NoError(t, err)
	_, err = cluster.Patch(t.Context(), RefOf(shopSecret()), operations)
	require.ErrorIs(t, err, ErrPreconditionFailed)
	assert.True(t, IsConflict(err))
	assert.ErrorContains(t, err, `changing Secret "key" in namespace "shop": the object was changed by somebody else; run the same command again`)

	_, err = cluster.Patch(t.Context(), RefOf(shopSecret()), []Operation{{Op: "remove", Path: "/nothing"}})
	require.Error(t, err)
	assert.False(t, errors.Is(err, ErrPreconditionFailed), "a patch without a test has no precondition")
}

func body(text string) io.ReadCloser { return io.NopCloser(strings.NewReader(text)) }
