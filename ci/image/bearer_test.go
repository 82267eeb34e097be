package image_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

// withTokens puts a token server in front, as ghcr.io has: it gives tokens to
// those it knows, and for reading public repositories to everyone.
func withTokens(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, port, _ := strings.Cut(r.Host, ":")
		if r.URL.Path == "/token" {
			name, word, given := r.BasicAuth()
			private := strings.Contains(r.URL.RawQuery, "private")
			if given && (name != user || word != password) || !given && private {
				http.Error(w, `{"errors":[{"code":"DENIED","message":"denied"}]}`, http.StatusForbidden)
				return
			}
			fmt.Fprint(w, `{"token":"let-me-in"}`)
			return
		}
		if r.Header.Get("Authorization") != "Bearer let-me-in" {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://localhost:%s/token",service="test"`, port))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		r.SetBasicAuth(user, password)
		next.ServeHTTP(w, r)
	})
}

func TestTokenServer(t *testing.T) {
	server := newServer(t, withTokens)
	pushed := server.publish(t, "/team/dashboard:v1", indexOf(t, "hello", noon, "linux/amd64"))
	require.NoError(t, writer(t).CheckPush(t.Context(), server.host+"/team/dashboard"))

	got, err := client(t, image.Options{}).Resolve(t.Context(), server.host+"/team/dashboard:v1")
	require.NoError(t, err)
	assert.Equal(t, pushed, got)

	_, err = client(t, image.Options{}).Resolve(t.Context(), server.host+"/private/dashboard:v1")
	require.ErrorIs(t, err, image.ErrDenied)
	assert.ErrorContains(t, err, "does not exist or is private")

	_, err = client(t, image.Options{Username: user, Password: "old"}).Resolve(t.Context(), server.host+"/team/dashboard:v1")
	assert.ErrorIs(t, err, image.ErrDenied)
}

// A token that ends in the middle is replaced: one answer of 401 ends no publish.
func TestPublishOutlastsAnExpiredToken(t *testing.T) {
	var expired atomic.Int64
	server := newServer(t, func(next http.Handler) http.Handler {
		tokens := withTokens(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if isTag(r) && expired.Add(1) == 1 {
				r.Header.Set("Authorization", "Bearer expired")
			}
			tokens.ServeHTTP(w, r)
		})
	})
	_, err := writer(t).Publish(t.Context(), publication(t, server, "hello"))
	require.NoError(t, err)
	assert.EqualValues(t, 5, expired.Load(), "four tags, one of them twice")
}
