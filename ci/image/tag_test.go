package image_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestTag(t *testing.T) {
	server, registry := newServer(t), writer(t)
	repository := server.host + "/team/dashboard"
	refs := map[string]string{}
	for _, version := range []string{"v1", "v2"} {
		refs[version] = server.publish(t, "/team/dashboard:"+version, indexOf(t, version, noon, image.Platforms...))
	}
	for _, version := range []string{"v1", "v1", "v2"} {
		require.NoError(t, registry.Tag(t.Context(), refs[version], "latest"))
		got, err := registry.Resolve(t.Context(), repository+":latest")
		require.NoError(t, err)
		assert.Equal(t, refs[version], got)
	}
	assert.ErrorIs(t, registry.Tag(t.Context(), repository+absent, "latest"), image.ErrNotFound)
	assert.ErrorIs(t, client(t, image.Options{}).Tag(t.Context(), refs["v1"], "stable"), image.ErrDenied)
	assert.ErrorContains(t, registry.Tag(t.Context(), repository+":v1", "latest"), "give repository@sha256:")
	assert.Error(t, registry.Tag(t.Context(), refs["v1"], "not a tag"))
}

// A registry that lets no tag move is no reason to worry: the error says so, and the tag stays.
func TestTagThatMayNotMove(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusConflict, http.StatusPreconditionFailed} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			server := newServer(t, func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if strings.HasSuffix(r.URL.Path, "/manifests/production") && r.Method == http.MethodPut {
						w.WriteHeader(status)
						return
					}
					next.ServeHTTP(w, r)
				})
			})
			first := server.publish(t, "/team/dashboard:production", indexOf(t, "v1", noon, image.Platforms...))
			second := server.publish(t, "/team/dashboard:v2", indexOf(t, "v2", noon, image.Platforms...))
			require.NoError(t, writer(t).Tag(t.Context(), first, "production"), "it is there already")

			err := writer(t).Tag(t.Context(), second, "production")
			require.ErrorIs(t, err, image.ErrImmutable)
			assert.ErrorContains(t, err, server.host+"/team/dashboard:production")
			assert.ErrorContains(t, err, `exempt the tag "production"`)
			now, err := writer(t).Resolve(t.Context(), server.host+"/team/dashboard:production")
			require.NoError(t, err)
			assert.Equal(t, first, now)
		})
	}
}
