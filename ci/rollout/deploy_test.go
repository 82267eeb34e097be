package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/record"
)

func TestDeployMakesTheReleaseLive(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		for i, version := range []string{"v1", "v2", "v3"} {
			result, err := w.deploy(production, version)
			require.NoError(t, err)
			assert.Equal(t, record.Succeeded, result.Outcome)
			assert.Equal(t, i+1, result.Revision)
			assert.Equal(t, []string{"blue", "green", "blue"}[i], result.Slot)
			assert.Equal(t, []string{"", "v1", "v2"}[i], result.Before)
			assert.Equal(t, []string{"", "v1", "v2"}[i], result.Parked)
			assert.True(t, result.Changed)
			assert.Empty(t, result.Warnings)
			w.finished(production, version)
		}
		for _, tag := range []string{"production", "latest"} {
			for _, name := range application.Images() {
				assert.Equal(t, published("v3").Images[name], w.tagged[application.Repository(name)+":"+tag])
			}
		}
	})
}
