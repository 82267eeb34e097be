package image_test

import (
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/image"
)

func TestCanonicalize(t *testing.T) {
	server, registry := newServer(t), writer(t)
	want, err := registry.PushTarball(t.Context(), build(t, "hello", noon, image.Platforms...), server.host+"/team/dashboard:wanted")
	require.NoError(t, err)

	for _, test := range []struct {
		name      string
		clock     time.Time
		platforms []string
	}{
		{"as a builder pushed it", noon, image.Platforms},
		{"at another time and in another order", noon.Add(time.Hour), []string{"linux/arm64", "linux/amd64"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ref := server.host + "/team/dashboard:v1"
			tag, err := name.NewTag(ref)
			require.NoError(t, err)
			built := indexOf(t, "hello", test.clock, test.platforms...)
			require.NoError(t, remote.WriteIndex(tag, built, remote.WithAuth(&authn.Basic{Username: user, Password: password})))

			for range 2 {
				got, err := registry.Canonicalize(t.Context(), ref)
				require.NoError(t, err)
				assert.Equal(t, image.Pushed{Ref: want.Ref, Skipped: 5}, got)
				now, err := registry.Resolve(t.Context(), ref)
				require.NoError(t, err)
				assert.Equal(t, want.Ref, now)
			}
		})
	}
	_, err = registry.Canonicalize(t.Context(), server.host+"/team/dashboard:v9")
	assert.ErrorIs(t, err, image.ErrNotFound)
	_, err = registry.Canonicalize(t.Context(), want.Ref)
	assert.ErrorContains(t, err, "give registry/repository:tag")
	_, err = client(t, image.Options{}).Canonicalize(t.Context(), server.host+"/team/dashboard:v1")
	assert.NoError(t, err, "nothing is left to write, so no right to write is needed")
}
