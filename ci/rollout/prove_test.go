package rollout

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The flows begin while the traffic still moves, so that only what they find afterwards can take a release back.
func TestFlowsThatFailAreRunAgainBehindTheProvenDoor(t *testing.T) {
	stumbled := errors.New("create-agent met the release before")
	for name, c := range map[string]struct {
		again error
		live  string
	}{
		"and succeed": {nil, "v2"},
		"and fail":    {errors.New("create-agent: 500"), "v1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := after(t, production, "v1")
			w.visiting = func(patience time.Duration) error {
				if patience > 0 {
					return stumbled
				}
				return c.again
			}
			_, err := w.deploy(production, "v2")
			require.ErrorIs(t, err, c.again)
			w.finished(production, c.live)
		})
	}
}

func TestTheSuiteIsAtTheDoorBeforeTheTrafficMoves(t *testing.T) {
	w := after(t, production, "v1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	arrived := make(chan struct{})
	w.visiting = func(time.Duration) error { close(arrived); return nil }
	w.verifying = func() { assert.NoError(t, receive(ctx, arrived)) }
	_, err := w.deploy(production, "v2")
	require.NoError(t, err)
}
