package image_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

const absent = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

func TestResolve(t *testing.T) {
	server := newServer(t)
	published := server.publish(t, "/team/dashboard:v1", indexOf(t, "hello", noon, image.Platforms...))

	for _, test := range []struct {
		name, ref string
		is        error
		says      string
	}{
		{name: "tag", ref: server.host + "/team/dashboard:v1"},
		{name: "digest", ref: published},
		{name: "unknown tag", ref: server.host + "/team/dashboard:v2", is: image.ErrNotFound, says: "no such image"},
		{name: "unknown digest", ref: server.host + "/team/dashboard" + absent, is: image.ErrNotFound, says: "no such image"},
		{name: "unknown repository", ref: server.host + "/team/nothing:v1", is: image.ErrNotFound, says: "no repository"},
		{name: "neither tag nor digest", ref: server.host + "/team/dashboard", says: "parsing image reference"},
		{name: "no such host", ref: "127.0.0.1:1/team/dashboard:v1", is: image.ErrUnreachable, says: "check the network"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := client(t, image.Options{}).Resolve(t.Context(), test.ref)
			if test.says == "" {
				require.NoError(t, err)
				assert.Equal(t, published, got)
				return
			}
			require.ErrorContains(t, err, test.says)
			assert.ErrorContains(t, err, test.ref)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}
}

// What is pinned keeps its tag, for people, beside the digest, for machines.
func TestPin(t *testing.T) {
	server := newServer(t)
	published := server.publish(t, "/team/postgres:17", indexOf(t, "hello", noon, image.Platforms...))
	_, digest, _ := strings.Cut(published, "@")
	registry := client(t, image.Options{})

	pinned, err := registry.Pin(t.Context(), server.host+"/team/postgres:17")
	require.NoError(t, err)
	assert.Equal(t, server.host+"/team/postgres:17@"+digest, pinned)

	again, err := registry.Pin(t.Context(), published)
	require.NoError(t, err)
	assert.Equal(t, published, again, "what has a digest already")

	_, err = registry.Pin(t.Context(), server.host+"/team/postgres:18")
	require.ErrorIs(t, err, image.ErrNotFound)
	assert.ErrorContains(t, err, "/team/postgres:18")
}
