package render

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
)

func TestPin(t *testing.T) {
	objects := rendered(t, "staging", Data, "")
	asked := map[string]int{}
	require.NoError(t, Pin(t.Context(), objects, func(_ context.Context, image string) (string, error) {
		asked[image]++
		return image + "@sha256:1", nil
	}))
	require.Len(t, asked, 2)
	for image, times := range asked {
		assert.Equal(t, 1, times)
		assert.Contains(t, Images(objects), image+"@sha256:1")
	}
	assert.Len(t, Images(objects), 2, "StatefulSets and CronJobs alike")
	// What has a digest is not asked for.
	fails := func(context.Context, string) (string, error) { return "", errors.New("not found") }
	require.NoError(t, Pin(t.Context(), objects, fails))
	assert.ErrorContains(t, Pin(t.Context(), rendered(t, "staging", Data, ""), fails), "not found")
}

// The tag of an image of the data layer is made of its Dockerfile, so that it never stands for two images; publish
// pushes it under that name.
func TestTheTagsOfTheDataLayerFollowTheirDockerfiles(t *testing.T) {
	app := config.TeamDashboard()
	for _, image := range app.DataImages {
		dockerfile, err := os.ReadFile(manifests + "/dockerfiles/Dockerfile." + image.Name)
		require.NoError(t, err)
		want := app.Repository(image.Name) + ":" + image.Tag(dockerfile)
		for _, environment := range app.Environments {
			assert.Contains(t, Images(rendered(t, environment.Name, Data, "")), want,
				"Dockerfile.%s has changed: write newTag: %s in k8s/data/%s/kustomization.yaml", image.Name, image.Tag(dockerfile), image.Name)
		}
	}
}
