package image_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestCheckPush(t *testing.T) {
	server := newServer(t)
	mine, foreign := server.host+"/team/dashboard", server.host+"/foreign/dashboard"

	require.NoError(t, writer(t).CheckPush(t.Context(), mine))
	_, err := writer(t).Resolve(t.Context(), mine+":check")
	assert.ErrorIs(t, err, image.ErrNotFound, "the check leaves nothing behind")

	assert.ErrorIs(t, client(t, image.Options{}).CheckPush(t.Context(), mine), image.ErrDenied)
	assert.ErrorIs(t, writer(t).CheckPush(t.Context(), foreign), image.ErrDenied)
	assert.ErrorIs(t, writer(t).CheckPush(t.Context(), "127.0.0.1:1/team/dashboard"), image.ErrUnreachable)
	assert.ErrorContains(t, writer(t).CheckPush(t.Context(), "Not A Repository"), "give registry/repository")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, writer(t).CheckPush(ended, mine), context.Canceled)
}

// A token may have the right to one repository and not to another.
func TestCheckPushNamesEveryRepositoryThatRefuses(t *testing.T) {
	server := newServer(t)
	mine, foreign, other := server.host+"/team/dashboard", server.host+"/foreign/dashboard", server.host+"/foreign/smoke"

	err := writer(t).CheckPush(t.Context(), mine, foreign, other)
	require.ErrorIs(t, err, image.ErrDenied)
	assert.ErrorContains(t, err, foreign)
	assert.ErrorContains(t, err, other)
	assert.NotContains(t, err.Error(), mine)
	assert.NotContains(t, err.Error(), "\n", "one line")

	err = client(t, image.Options{}).CheckPush(t.Context(), mine, foreign)
	require.ErrorIs(t, err, image.ErrDenied)
	assert.Equal(t, 1, strings.Count(err.Error(), "none were given"), "what concerns the whole registry is one problem")
}

// The check leaves nothing behind: each upload that it begins is abandoned, although nobody waits for that.
func TestCheckPushAbandonsItsUploads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, abandoned atomic.Int64
		uploads := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Method {
			case http.MethodPost:
				begun.Add(1)
				w.Header().Set("Location", r.URL.Path+"1")
				w.WriteHeader(http.StatusAccepted)
			case http.MethodDelete:
				time.Sleep(time.Second)
				if r.Context().Err() == nil {
					abandoned.Add(1)
				}
			}
		})
		registry := client(t, image.Options{Transport: inMemory{uploads}})
		require.NoError(t, registry.CheckPush(t.Context(), "registry.test/team/dashboard", "registry.test/team/smoke"))
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.EqualValues(t, 2, begun.Load())
		assert.EqualValues(t, 2, abandoned.Load())
	})
}
