package image_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// mute takes every request and never answers.
var mute = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })

// A registry that accepts and never answers holds up nothing.
func TestASilentRegistryHoldsUpNothing(t *testing.T) {
	const host, digest = "registry.test", "registry.test/team/dashboard" + absent
	for name, ask := range map[string]func(context.Context, *image.Registry) error{
		"resolve": func(ctx context.Context, r *image.Registry) error {
			_, err := r.Resolve(ctx, host+"/team/dashboard:v1")
			return err
		},
		"verify": func(ctx context.Context, r *image.Registry) error {
			return r.Verify(ctx, release.Release{Images: map[string]string{"dashboard": digest, "smoke": host + "/team/smoke" + absent}}, image.Platforms)
		},
		"release": func(ctx context.Context, r *image.Registry) error {
			_, err := r.Release(ctx, app(host), "v1")
			return err
		},
		"check": func(ctx context.Context, r *image.Registry) error { return r.CheckPush(ctx, host+"/team/dashboard") },
		"tag":   func(ctx context.Context, r *image.Registry) error { return r.Tag(ctx, digest, "staging") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				registry, err := image.New(image.Options{Username: user, Password: password, Transport: inMemory{mute}})
				require.NoError(t, err)
				began := time.Now()
				err = ask(t.Context(), registry)
				require.ErrorIs(t, err, image.ErrUnreachable)
				assert.ErrorContains(t, err, host+" took the connection and does not answer (nothing came for 30s)")
				assert.Equal(t, image.DefaultSilence, time.Since(began))
				assert.NotContains(t, err.Error(), "\n", "one line")
			})
		})
	}
}

// Many slow answers are bounded, too, where a deploy waits for them.
func TestTagIsBoundedAsAWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-time.After(20 * time.Second):
			case <-r.Context().Done():
			}
			w.WriteHeader(http.StatusServiceUnavailable)
		})
		registry, err := image.New(image.Options{Transport: inMemory{slow}})
		require.NoError(t, err)
		began := time.Now()
		err = registry.Tag(t.Context(), "registry.test/team/dashboard"+absent, "staging")
		require.ErrorIs(t, err, image.ErrUnreachable)
		assert.ErrorContains(t, err, `tagging image "registry.test/team/dashboard:staging"`)
		assert.Less(t, time.Since(began), time.Minute)
	})
}

// body changes the bodies of answers that read delivers.
type body struct {
	http.RoundTripper
	read func(context.Context, io.Reader, []byte) (int, error)
}

func (b body) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err == nil && strings.Contains(request.URL.Path, "/manifests/") {
		inner := response.Body
		response.Body = io.NopCloser(reader(func(p []byte) (int, error) { return b.read(request.Context(), inner, p) }))
	}
	return response, err
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

// What is slow and goes on is borne; what stops in the middle is not.
func TestSilenceBeginsAnewWithEachPart(t *testing.T) {
	for _, test := range []struct {
		name string
		read func(context.Context, io.Reader, []byte) (int, error)
		is   error
	}{
		{name: "slow", read: func(ctx context.Context, inner io.Reader, p []byte) (int, error) {
			select {
			case <-time.After(20 * time.Second):
				return inner.Read(p[:min(len(p), 128)])
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}},
		{name: "stopped", is: image.ErrUnreachable, read: func(ctx context.Context, _ io.Reader, _ []byte) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				content := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
				put, err := http.NewRequest(http.MethodPut, "https://registry.test/v2/team/dashboard/manifests/v1", strings.NewReader(`{"schemaVersion":2}`+strings.Repeat(" ", 1000)))
				require.NoError(t, err)
				answer, err := inMemory{content}.RoundTrip(put)
				require.NoError(t, err)
				require.Equal(t, http.StatusCreated, answer.StatusCode)

				registry, err := image.New(image.Options{Transport: body{inMemory{content}, test.read}})
				require.NoError(t, err)
				began := time.Now()
				_, err = registry.Resolve(t.Context(), "registry.test/team/dashboard:v1")
				assert.ErrorIs(t, err, test.is)
				if test.is == nil {
					assert.Greater(t, time.Since(began), 2*time.Minute)
				} else {
					assert.Equal(t, image.DefaultSilence, time.Since(began))
				}
			})
		})
	}
}
