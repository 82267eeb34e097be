package apiproxy_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
)

// server is an API server that notes what reaches it.
type server struct {
	mu   sync.Mutex
	seen []string
	// reached is told of every request.
	reached chan string
}

func (s *server) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	s.mu.Lock()
	s.seen = append(s.seen, request.Method+" "+request.URL.Path)
	s.mu.Unlock()
	if s.reached != nil {
		s.reached <- request.URL.Path
	}
	fmt.Fprintf(response, "%s %s %s", request.UserAgent(), request.Header.Get("Authorization"), body)
}

func (s *server) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.seen...)
}

// client is a run of the pipeline, as far as the proxy sees it.
type client struct {
	http  *http.Client
	url   string
	token string

	contentType string
}

func behind(t *testing.T, api *server, hook apiproxy.Hook) (*apiproxy.Proxy, client) {
	t.Helper()
	upstream := httptest.NewServer(api)
	t.Cleanup(upstream.Close)
	address, err := url.Parse(upstream.URL)
	require.NoError(t, err)
	authority, err := apiproxy.NewAuthority()
	require.NoError(t, err)
	proxy, err := apiproxy.Listen("127.0.0.1", "run-1", apiproxy.Upstream{URL: address, Transport: http.DefaultTransport}, authority, hook)
	require.NoError(t, err)
	t.Cleanup(func() { _ = proxy.Close() })

	var config struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			User struct{ Token string }
		} `json:"users"`
	}
	require.NoError(t, yaml.Unmarshal(proxy.Kubeconfig(), &config))
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(config.Clusters[0].Cluster.CA))
	carrier := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(carrier.CloseIdleConnections)
	return proxy, client{http: &http.Client{Transport: carrier}, url: config.Clusters[0].Cluster.Server, token: config.Users[0].User.Token}
}

func (c client) send(ctx context.Context, method, path, body string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("User-Agent", "somebody")
	request.Header.Set("Content-Type", c.contentType)
	response, err := c.http.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

const (
	leases   = "/apis/coordination.k8s.io/v1/namespaces/shop/leases"
	services = "/api/v1/namespaces/shop/services/dashboard"
	secrets  = "/api/v1/namespaces/shop/secrets"
)

// record is the Secret by which a run says at which step it is.
func record(step string) string {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	fmt.Fprintf(writer, `{"revision":3,"step":%q,"outcome":"running"}`, step)
	_ = writer.Close()
	text, _ := json.Marshal(map[string]any{"metadata": map[string]any{"name": "record-3"}, "data": map[string]string{"record": base64.StdEncoding.EncodeToString(packed.Bytes())}})
	return string(text)
}

func TestStepsAndWritesAreCounted(t *testing.T) {
	var held []string
	proxy, run := behind(t, &server{}, func(_ context.Context, w apiproxy.Write) apiproxy.Verdict {
		held = append(held, fmt.Sprintf("%s %d: %s %s", w.Step, w.N, w.Verb, w.Object))
		return apiproxy.Pass
	})
	for _, request := range []struct{ method, path, body string }{
		{"POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "{}"},
		{"PATCH", services + "?dryRun=All", "{}"},
		{"POST", leases, `{"metadata":{"name":"pipeline"}}`},
		{"PATCH", services, `{"metadata":{}}`},
		{"GET", services, ""},
		{"PATCH", secrets + "/record-3", record("apply")},
		{"PATCH", leases + "/pipeline", "[]"},
		{"PUT", "/apis/apps/v1/namespaces/shop/deployments/dashboard-green/scale", "{}"},
		{"POST", "/api/v1/namespaces/shop/services/dashboard/proxy/health", ""},
		{"POST", secrets, record("wait")},
		{"POST", "/apis/batch/v1/namespaces/shop/jobs", `{"metadata":{"name":"smoke"}}`},
		{"PATCH", secrets + "/record-3", `{"metadata":{"annotations":{"a":"b"}}}`},
		{"DELETE", secrets + "/record-3", ""},
		{"POST", "/api/v1/namespaces/shop/configmaps", `{"metadata":{"name":"settings"},"data":{"key":"no base64"}}`},
		{"PATCH", "/api/v1/namespaces/shop", "{}"},
	} {
		status, _, err := run.send(t.Context(), request.method, request.path, request.body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, status, request.path)
	}
	assert.Equal(t, []string{
		"lock 1: post leases/pipeline",
		"lock 2: patch services/dashboard",
		"apply 1: patch secrets/record-3",
		"apply 2: put deployments/dashboard-green/scale",
		"wait 1: post secrets/record-3",
		"wait 2: post jobs/smoke",
		"wait 3: patch secrets/record-3",
		"wait 4: delete secrets/record-3",
		"wait 5: post configmaps/settings",
		"wait 6: patch namespaces/shop",
	}, held)
	assert.Len(t, proxy.Writes(), len(held))
}

func TestMarksAreToldFromChanges(t *testing.T) {
	for body, want := range map[string]bool{
		`{"metadata":{"annotations":{"fence":"1"}}}`:                       true,
		`{"metadata":{"annotations":{"fence":"1"},"resourceVersion":"7"}}`: true,
		`{"metadata":{"annotations":{"fence":"1"},"labels":{"a":"b"}}}`:    false,
		`{"metadata":{"annotations":{"fence":"1"}},"spec":{"replicas":0}}`: false,
		`[{"op":"remove","path":"/spec/holderIdentity"}]`:                  false,
	} {
		proxy, run := behind(t, &server{}, pass)
		run.contentType = "application/merge-patch+json"
		_, _, err := run.send(t.Context(), "PATCH", services, body)
		require.NoError(t, err)
		assert.Equal(t, want, proxy.Writes()[0].Mark, body)
	}
}

func TestRequestsCarryTheNameOfTheRunAndNotItsToken(t *testing.T) {
	_, run := behind(t, &server{}, pass)
	_, text, err := run.send(t.Context(), "GET", services, "")
	require.NoError(t, err)
	assert.Equal(t, "run-1  ", text)
}

func TestOnlyTheRunIsServed(t *testing.T) {
	api := &server{}
	_, run := behind(t, api, pass)
	run.token = "guessed"
	status, _, err := run.send(t.Context(), "GET", services, "")
	require.NoError(t, err)
	assert.Equal(t, http.StatusUnauthorized, status)
	assert.Empty(t, api.requests())
}

func pass(context.Context, apiproxy.Write) apiproxy.Verdict { return apiproxy.Pass }

// nth lets the n-th write of a step have a verdict.
func nth(step string, n int, verdict apiproxy.Verdict) apiproxy.Hook {
	return func(_ context.Context, w apiproxy.Write) apiproxy.Verdict {
		if w.Step == step && w.N == n {
			return verdict
		}
		return apiproxy.Pass
	}
}

func TestTheNthWriteIsRefused(t *testing.T) {
	for verdict, want := range map[apiproxy.Verdict]struct {
		code   int
		reason string
	}{
		apiproxy.Conflict: {409, "Conflict"}, apiproxy.Throttle: {429, "TooManyRequests"}, apiproxy.Fail: {500, "InternalError"},
	} {
		t.Run(want.reason, func(t *testing.T) {
			api := &server{}
			_, run := behind(t, api, nth("lock", 2, verdict))
			var codes []int
			var texts []string
			for range 3 {
				code, text, err := run.send(t.Context(), "PATCH", services, "{}")
				require.NoError(t, err)
				codes, texts = append(codes, code), append(texts, text)
			}
			assert.Equal(t, []int{200, want.code, 200}, codes)
			var status struct{ Kind, Reason string }
			require.NoError(t, json.Unmarshal([]byte(texts[1]), &status))
			assert.Equal(t, "Status", status.Kind)
			assert.Equal(t, want.reason, status.Reason)
			assert.Len(t, api.requests(), 2, "the refused write reached the API server")
		})
	}
}

func TestALostAnswerIsThatOfAWriteThatWasMade(t *testing.T) {
	for name, test := range map[string]struct {
		verdict apiproxy.Verdict
		reaches int
	}{
		"lost answer":  {apiproxy.LoseAnswer, 1},
		"lost request": {apiproxy.Cut, 0},
	} {
		t.Run(name, func(t *testing.T) {
			api := &server{}
			_, run := behind(t, api, nth("lock", 1, test.verdict))
			_, _, err := run.send(t.Context(), "PATCH", services, "{}")
			require.Error(t, err)
			assert.Len(t, api.requests(), test.reaches)
			_, _, err = run.send(t.Context(), "PATCH", services, "{}")
			assert.NoError(t, err, "the next one is served again")
		})
	}
}

func TestAHungWriteIsNotMade(t *testing.T) {
	api := &server{}
	ctx, giveUp := context.WithCancel(t.Context())
	_, run := behind(t, api, func(context.Context, apiproxy.Write) apiproxy.Verdict {
		giveUp() // as soon as it hangs
		return apiproxy.Hang
	})
	_, _, err := run.send(ctx, "PATCH", services, "{}")
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, api.requests())
}

// A write that was on its way when its run was killed arrives.
func TestAHeldWriteIsDeliveredAlthoughItsRunIsGone(t *testing.T) {
	api := &server{reached: make(chan string, 1)}
	ctx, kill := context.WithCancel(t.Context())
	_, run := behind(t, api, func(run context.Context, _ apiproxy.Write) apiproxy.Verdict {
		kill()
		<-run.Done()
		return apiproxy.Pass
	})
	_, _, err := run.send(ctx, "PATCH", services, "{}")
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, services, <-api.reached)
}

// While one write is held the others pass, as those of a run that works on several objects at once.
func TestOthersPassWhileOneIsHeld(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	_, run := behind(t, &server{}, func(_ context.Context, w apiproxy.Write) apiproxy.Verdict {
		if w.N == 1 {
			close(held)
			<-release
		}
		return apiproxy.Pass
	})
	first := make(chan error, 1)
	go func() {
		_, _, err := run.send(t.Context(), "PATCH", services, "{}")
		first <- err
	}()
	<-held
	status, _, err := run.send(t.Context(), "PATCH", services, "{}")
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, status)
	close(release)
	assert.NoError(t, <-first)
}

// An API server that is not there must not look like one that answers.
func TestAnAbsentAPIServerIsNoAnswer(t *testing.T) {
	authority, err := apiproxy.NewAuthority()
	require.NoError(t, err)
	gone := httptest.NewServer(http.NotFoundHandler())
	address, err := url.Parse(gone.URL)
	require.NoError(t, err)
	gone.Close()
	proxy, err := apiproxy.Listen("127.0.0.1", "run-1", apiproxy.Upstream{URL: address, Transport: http.DefaultTransport}, authority, pass)
	require.NoError(t, err)
	defer proxy.Close()
	carrier := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	var config struct {
		Users []struct{ User struct{ Token string } }
	}
	require.NoError(t, yaml.Unmarshal(proxy.Kubeconfig(), &config))
	run := client{http: &http.Client{Transport: carrier}, url: "https://" + proxy.Address().String(), token: config.Users[0].User.Token}
	_, _, err = run.send(t.Context(), "GET", services, "")
	assert.Error(t, err)
}
