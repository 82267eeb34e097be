package health_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReach(t *testing.T) {
	const web, orders = "/api/health", "/api/orders/health"
	always := func(response *http.Response) func(string, int) (*http.Response, error) {
		return func(string, int) (*http.Response, error) { return response, nil }
	}
	for _, test := range []struct {
		name   string
		script func(path string, number int) (*http.Response, error)
		took   time.Duration
		doubt  []string
		err    []string
	}{
		{name: "the release before answers", script: always(by("v1", "blue"))},
		{name: "a release without slots answers", script: always(by("v1", ""))},
		{name: "the release before is broken", script: always(said(500, "x-release", "v1"))},
		{name: "the application's own sign-in", script: always(said(401, "x-release", "v1"))},
		{name: "the ingress has no backend yet", script: always(said(503))},
		{name: "the ingress has no route yet", script: always(said(404))},
		{name: "nobody answers at first", took: 2 * time.Second, script: func(_ string, number int) (*http.Response, error) {
			if number <= 4 {
				return nil, errors.New("connection refused")
			}
			return said(404), nil
		}},
		{name: "turned away at first", took: 2 * time.Second, script: func(_ string, number int) (*http.Response, error) {
			if number <= 4 {
				return said(403), nil
			}
			return by("v1", "blue"), nil
		}},
		{name: "everybody must sign in", took: 4 * time.Second, script: always(said(401, "WWW-Authenticate", "Basic")),
			err: []string{"https://shop.example", "web: /api/health answered 401 by something that names no release", "orders: /api/orders/health answered 401", "let the health paths of the services pass without signing in"}},
		{name: "a page to sign in", took: 4 * time.Second, script: always(said(302, "Location", "https://login.example/authorize?state=hunter2&client_id=shop")),
			err: []string{"answered 302 (to https://login.example/authorize) by something", "without signing in"}},
		{name: "a page to sign in on the same host", took: 4 * time.Second, script: always(said(307, "Location", "/oauth2/start?rd=%2Fapi%2Fhealth")),
			err: []string{"answered 307 (to /oauth2/start) by something", "without signing in"}},
		{name: "one path is guarded", took: 4 * time.Second, script: func(path string, _ int) (*http.Response, error) {
			if path == orders {
				return said(403), nil
			}
			return by("v1", "blue"), nil
		}, err: []string{"orders: /api/orders/health answered 403"}},
		{name: "the URL is another one", took: 4 * time.Second, script: func(path string, _ int) (*http.Response, error) {
			return said(308, "Location", "https://www.shop.example"+path), nil
		}, err: []string{"answered 308 (to https://www.shop.example/api/health)", "as the environment's URL: https://www.shop.example"}},
		{name: "what runs there names no release", script: func(path string, _ int) (*http.Response, error) {
			if path == web {
				return said(200), nil
			}
			return by("v1", "blue"), nil
		}, doubt: []string{"web: /api/health answered 200 by something that names no release"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				doubt, err := inMemory(t, test.script).Reach(t.Context(), shopApp.Services)
				assert.Equal(t, test.took, time.Since(began))
				if test.err == nil {
					require.NoError(t, err)
				}
				for _, say := range test.err {
					require.ErrorContains(t, err, say)
					assert.NotContains(t, err.Error(), "hunter2", "what a sign-in is begun with is nobody's business")
				}
				assert.Equal(t, test.doubt == nil, doubt == "", doubt)
				for _, say := range test.doubt {
					assert.Contains(t, doubt, say)
				}
			})
		})
	}
}

func TestReachGivesUpWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := inMemory(t, func(string, int) (*http.Response, error) { return nil, errors.New("connection refused") }).Reach(ctx, shopApp.Services)
		require.ErrorContains(t, err, "asking whether https://shop.example can be reached from here")
		assert.ErrorContains(t, err, "connection refused", "why nobody answers says more than that it took long")
	})
}
