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
	for name, c := range map[string]struct {
		again error
		live  string
	}{
		"and succeed": {nil, "v2"},
		"and fail":    {errors.New("create-agent: 500"), "v1"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				w.visiting = func(wait time.Duration) error {
					if wait > 0 {
						return errors.New("create-agent met the previous release")
					}
					return c.again
				}
				_, err := w.deploy(production, "v2")
				require.ErrorIs(t, err, c.again)
				w.finished(production, c.live)
			}, "v1")
		})
	}
}

func TestTheSuiteIsAtTheDoorBeforeTheTrafficMoves(t *testing.T) {
	inWorld(t, production, func(t *testing.T, w *world) {
		arrived := make(chan struct{}, 2)
		w.visiting = func(time.Duration) error {
			arrived <- struct{}{}
			return nil
		}
		w.verifying = func() {
			w.verifying = nil
			<-arrived // or the test ends in a deadlock
			assert.Equal(t, "v1", w.liveVersion(production))
		}
		_, err := w.deploy(production, "v2")
		require.NoError(t, err)
	}, "v1")
}

func TestTheSmokeSuiteEndsWithTheRun(t *testing.T) {
	for _, version := range []string{"hanging", "sick"} {
		t.Run(version, func(t *testing.T) {
			inWorld(t, production, func(t *testing.T, w *world) {
				w.hanging["hanging"], w.sick["sick"] = true, true
				stopped := false
				w.smoking = func(ctx context.Context) error {
					<-ctx.Done()
					stopped = true
					return context.Cause(ctx)
				}
				_, err := w.deploy(production, version)
				require.Error(t, err)
				assert.True(t, stopped)
				w.finished(production, "v1")
			}, "v1")
		})
	}
}
