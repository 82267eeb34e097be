package rollout

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDeployMakesTheReleaseLive(t *testing.T) {
	w := newWorld(t, production)
	w.guard(production)
	for i, version := range []string{"v1", "v2", "v3"} {
		result, err := w.deploy(production, version)
		require.NoError(t, err)
		assert.Equal(t, OutcomeSucceeded, result.Outcome)
		assert.Equal(t, i+1, result.Revision)
		assert.Equal(t, []string{"blue", "green", "blue"}[i], result.Slot)
		assert.True(t, result.Changed)
		w.finished(production, version)
	}
	for _, tag := range []string{"production", "latest"} {
		for _, name := range application.Images() {
			assert.Equal(t, published("v3").Images[name], w.tagged[application.Repository(name)+":"+tag])
		}
	}
}
