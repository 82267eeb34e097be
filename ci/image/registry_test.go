package image_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestNewRefuses(t *testing.T) {
	_, err := image.New(image.Options{Username: user})
	assert.ErrorContains(t, err, "incomplete")
	_, err = image.New(image.Options{CA: []byte("no certificate")})
	assert.ErrorContains(t, err, "give a PEM file")
}

func TestRetryOutlastsAShortFailure(t *testing.T) {
	failures := 1
	server := newServer(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if failures > 0 {
				failures--
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	_, err := client(t, image.Options{}).Resolve(t.Context(), server.host+"/team/dashboard:v1")
	assert.ErrorIs(t, err, image.ErrNotFound)
}
