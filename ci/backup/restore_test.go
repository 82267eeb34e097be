package backup

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func (l *lab) restore(request Request) error {
	d := database(l.t)
	d.Cluster, d.Manifests, d.Timeout = l, l.manifests, time.Minute
	_, err := d.Restore(l.t.Context(), request)
	return err
}

// Wherever a restore over the live database is killed: until the same command has finished it, the volume says so.
func TestARestoreThatIsKilledIsFinishedByTheSameCommand(t *testing.T) {
	for name, scene := range map[string]struct {
		set     func(t *testing.T) *lab
		request Request
	}{
		"over the live one": {running, Request{Target: Target{Time: at(1795431500)}, Force: true}},
		"where there is none": {func(t *testing.T) *lab {
			l := newLab(t)
			l.all = map[string]*cluster.Object{}
			return l
		}, Request{Target: Target{Latest: true}}},
	} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, late %v", name, late), func(t *testing.T) {
				whole := scene.set(t)
				require.NoError(t, whole.restore(scene.request))
				for n := range whole.writes - 1 { // the last one takes the mark away: all is done
					l := scene.set(t)
					l.killAt, l.late = n, late
					require.ErrorIs(t, l.restore(scene.request), errKilled, "write %d", n)
					if claim := l.all["PersistentVolumeClaim/data-postgres-0"]; claim != nil && (l.all["Pod/postgres-0"] == nil || !l.password) {
						_, err := Finished(t.Context(), l, database(t).Environment)
						require.Error(t, err, "killed at write %d: nobody is told", n)
					}
					l.dead, l.killAt = false, -1
					require.NoError(t, l.restore(scene.request), "killed at write %d", n)
					l.finished(whole.volume)
				}
			})
		}
	}
}

func (l *lab) finished(volume string) {
	l.t.Helper()
	assert.Equal(l.t, volume, l.volume)
	assert.True(l.t, l.password, "the password is that of the backup")
	assert.NotNil(l.t, l.all["Pod/postgres-0"], "the server does not run")
	assert.NotContains(l.t, l.all, "StatefulSet/postgres-restored", "it was restored beside")
	_, err := Finished(l.t.Context(), l, database(l.t).Environment)
	assert.NoError(l.t, err)
}

func TestARepositoryThatIsAwayTouchesNothing(t *testing.T) {
	l := running(t)
	l.away = "[HostConnectError] unable to connect to 's3:9000': [111] Connection refused\n    [HostConnectError] on 2 retries"
	err := l.restore(Request{Target: Target{Latest: true}, Force: true})
	require.ErrorContains(t, err, "listing the backups of production: the repository cannot be read: [HostConnectError] unable to connect to 's3:9000': [111] Connection refused; check where")
	assert.NotContains(t, err.Error(), "\n")
	assert.Equal(t, 1, l.writes, "the Job that lists, and nothing else")
	assert.Equal(t, "live", l.volume)
	assert.NotNil(t, l.all["Pod/postgres-0"])
}
