//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRestoreDrill loses a table of the database that the journey left in production, and brings it back: first beside
// the live database, then over it.
func TestRestoreDrill(t *testing.T) {
	removeBeside(t, production)

	sql(t, "postgres-0", "DROP TABLE IF EXISTS drill; CREATE TABLE drill (i int); INSERT INTO drill SELECT generate_series(1, 100)")
	mustCall(t, "backup", "--env", "production", "--kind", "full")
	sql(t, "postgres-0", "INSERT INTO drill SELECT generate_series(101, 150)")
	at, err := time.Parse(time.RFC3339Nano, sql(t, "postgres-0", `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`))
	require.NoError(t, err)
	moment := at.Format(time.RFC3339Nano)
	sql(t, "postgres-0", "INSERT INTO drill SELECT generate_series(151, 170)")
	sql(t, "postgres-0", "DROP TABLE drill")
	stores := uids(t, production)

	part(t, "what cannot be is refused, and changes nothing", func(t *testing.T) {
		before := state(t, production)
		later := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
		for _, bad := range []struct {
			flags []string
			says  string
		}{
			{[]string{"--env", "production"}, "--to-time and --latest"},
			{[]string{"--env", "production", "--to-time", later}, "in the future"},
			{[]string{"--env", "production", "--to-time", "2001-01-01T00:00:00Z"}, "reach from after"},
			{[]string{"--env", "production", "--latest", "--into", "No Name"}, "not a name"},
			{[]string{"--env", "production", "--latest", "--into", "x", "--force"}, "--into and --force"},
			{[]string{"--env", "moon", "--latest"}, "unknown environment"},
		} {
			text := refused(t, append([]string{"restore"}, bad.flags...)...)
			assert.Contains(t, text, bad.says)
			assert.NotContains(t, strings.TrimSpace(text), "\n", "one line")
		}
		assert.Contains(t, refused(t, "backup", "--env", "production", "--kind", "half"), "unknown")
		assert.Equal(t, before, state(t, production))
	})

	part(t, "beside the live database", func(t *testing.T) {
		restored := restore(t, "--to-time", moment, "--into", beside)
		assert.Equal(t, "150,150,false", sql(t, "postgres-"+beside+"-0", drilled))
		assert.Equal(t, "missing", sql(t, "postgres-0", "SELECT coalesce(to_regclass('drill')::text, 'missing')"), "the live database was touched")
		t.Logf("beside: %.1f s until it took connections", restored.Took.Seconds())
		assert.Contains(t, refused(t, "restore", "--env", "production", "--latest", "--into", beside), "the name is taken")
	})

	part(t, "a restore over the live database that is killed is in the way of others, who are told", func(t *testing.T) {
		file := notLive(t)
		kill(t, start(t, func() bool {
			return strings.Contains(kubectl(t, "-n", production, "get", "jobs", "-o", "name"), "/postgres-restore-")
		}, "restore", "--env", "production", "--to-time", moment, "--force"))
		again := "finish it: dagger call restore --env production --to-time " + moment + " --force"
		for _, command := range [][]string{
			{"deploy", "--release-file", file}, {"rollback"}, {"backup"}, {"secrets", "rotate", "--keys", "JWT_SECRET", "--generate"},
		} {
			text := refused(t, append(command, "--env", "production")...)
			assert.Contains(t, text, again)
			assert.NotContains(t, strings.TrimSpace(text), "\n", "one line")
		}
	})

	part(t, "over the live database, by the same command again", func(t *testing.T) {
		restored := restore(t, "--to-time", moment, "--force")
		assert.Equal(t, "150,150,false", sql(t, "postgres-0", drilled))
		require.False(t, restored.LastTransaction.IsZero())
		assert.False(t, restored.LastTransaction.After(at))
		t.Logf("over the live database: recovery time %.1f s; data-loss window %.3f s, from the last transaction brought back to the moment asked for",
			restored.Took.Seconds(), at.Sub(restored.LastTransaction).Seconds())
	})

	// With a backup of what is live now, the next restore need not begin on a time line that was left.
	mustCall(t, "backup", "--env", "production", "--kind", "full")
	assert.Equal(t, stores, uids(t, production), "a StatefulSet, a volume or a Secret was made anew")
	mustCall(t, "health-check", "--env", "production")
}

const drilled = "SELECT concat_ws(',', count(*), max(i), pg_is_in_recovery()::text) FROM drill"

// beside is the name of a database that a test restores beside the live one.
const beside = "drill"

// removeBeside removes it now, and when the test ends.
func removeBeside(t *testing.T, namespace string) {
	t.Helper()
	remove := func() {
		kubectl(t, "-n", namespace, "delete", "statefulset/postgres-"+beside, "service/postgres-"+beside, "pvc/data-postgres-"+beside+"-0", "--ignore-not-found")
	}
	remove()
	t.Cleanup(remove)
}

// notLive is the release file of one that production does not run.
func notLive(t testing.TB) string {
	t.Helper()
	file, release := v1.release(t)
	if release.Version == liveIn(t, "production").Release {
		file, _ = v2.release(t)
	}
	return file
}

// recovery is what the tests read of restore's JSON.
type recovery struct {
	LastTransaction time.Time     `json:"lastTransaction"`
	Took            time.Duration `json:"took"`
}

func restore(t testing.TB, flags ...string) recovery {
	t.Helper()
	var result recovery
	out := mustCall(t, append([]string{"restore", "--env", "production", "--format", "json"}, flags...)...)
	require.NoError(t, json.Unmarshal([]byte(out), &result), out)
	return result
}

// sql asks a database of production as the user of its services, by the socket, which wants no password.
func sql(t testing.TB, pod, statement string) string {
	t.Helper()
	return sqlIn(t, production, pod, statement)
}

func sqlIn(t testing.TB, namespace, pod, statement string) string {
	t.Helper()
	return kubectl(t, "-n", namespace, "exec", pod, "--", "psql", "-qtA", "-v", "ON_ERROR_STOP=1", "-U", "team", "-d", "team_dashboard", "-c", statement)
}
