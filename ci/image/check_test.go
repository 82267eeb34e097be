package image_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestCheckPush(t *testing.T) {
	server := newServer(t)
	mine, foreign := server.host+"/team/dashboard", server.host+"/foreign/dashboard"

	require.NoError(t, writer(t).CheckPush(t.Context(), mine))
	there, err := writer(t).Exists(t.Context(), mine+":check")
	require.NoError(t, err)
	assert.False(t, there, "the check leaves nothing behind")

	assert.ErrorIs(t, client(t, image.Options{}).CheckPush(t.Context(), mine), image.ErrDenied)
	assert.ErrorIs(t, writer(t).CheckPush(t.Context(), foreign), image.ErrDenied)
	assert.ErrorIs(t, writer(t).CheckPush(t.Context(), "127.0.0.1:1/team/dashboard"), image.ErrUnreachable)
	assert.ErrorContains(t, writer(t).CheckPush(t.Context(), "Not A Repository"), "give registry/repository")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, writer(t).CheckPush(ended, mine), context.Canceled)
}
