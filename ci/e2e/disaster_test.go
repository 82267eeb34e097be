//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDisaster loses production with all its volumes, secrets and records, and brings it back by the commands of the
// README, from what was kept outside: the manifests, the encrypted secrets, the backups in the object store, and the
// release file.
func TestDisaster(t *testing.T) {
	file, release := v2.release(t)
	deploy(t, "production", file, "--watch", "0s")
	commands := commandsOf(t, "Disaster: the namespace is gone")
	require.Len(t, commands, 2, "what is kept, and what brings it back")
	kept := keptOutside(t, file)

	sql(t, "postgres-0", "DROP TABLE IF EXISTS diary; CREATE TABLE diary (n bigserial PRIMARY KEY, written timestamptz NOT NULL DEFAULT clock_timestamp())")
	sql(t, "postgres-0", "INSERT INTO diary SELECT nextval('diary_n_seq') FROM generate_series(1, 100)")
	for _, command := range commands[0] {
		typed(t, kept.Replace(command))
	}
	book := startDiary(t)
	archived := archive(t)
	cutOff(t)
	volumes := volumesOf(t, production)

	remove(t, production)
	kubectl(t, append([]string{"wait", "--for=delete", "--timeout=120s"}, volumes...)...)
	lost := book.last(t)

	begin := time.Now()
	for _, command := range commands[1] {
		typed(t, kept.Replace(command))
		t.Logf("%5.1f s  %s", time.Since(begin).Seconds(), command)
	}
	requireAnswer(t, "team-dashboard.app", release.Version)
	recovery := time.Since(begin)

	back := parseRow(t, sql(t, "postgres-0", "SELECT n, extract(epoch FROM written) FROM diary ORDER BY n DESC LIMIT 1"))
	t.Logf("recovery time %.1f s; data-loss window %.1f s: %d rows of %d came back", recovery.Seconds(), lost.written-back.written, back.n, lost.n)
	assert.GreaterOrEqual(t, back.n, archived, "rows that the repository had are lost")
	assert.Less(t, back.n, lost.n, "nothing was lost: this was no disaster")
	assert.Equal(t, fmt.Sprint(back.n), sql(t, "postgres-0", "SELECT count(*) FROM diary"), "rows in between are missing")
	mustCall(t, "health-check", "--env", "production")
	sql(t, "postgres-0", "DROP TABLE diary")
}

// keptOutside makes what the README's commands name, and puts its paths in place of the names.
func keptOutside(t testing.TB, releaseFile string) *strings.Replacer {
	t.Helper()
	folder := t.TempDir()
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	confide("the age identity of the drill", identity.String())
	key := filepath.Join(folder, "key.txt")
	require.NoError(t, os.WriteFile(key, []byte(identity.String()+"\n"), 0o600))
	return strings.NewReplacer(
		"age1…", identity.Recipient().String(),
		"key.txt", key,
		"production-secrets.age", filepath.Join(folder, "production-secrets.age"),
		"storage-ca.crt", labFile(t, "state/pki/ca.crt"),
		"release.json", releaseFile,
	)
}

// archive sends all that is written so far to the repository, and returns the last row of the diary that this holds.
func archive(t testing.TB) int {
	t.Helper()
	last := parseRow(t, sql(t, "postgres-0", "SELECT n, 0 FROM diary ORDER BY n DESC LIMIT 1")).n
	segment := sql(t, "postgres-0", "SELECT pg_walfile_name(pg_switch_wal())")
	require.Eventually(t, func() bool {
		return sql(t, "postgres-0", "SELECT last_archived_wal >= '"+segment+"' FROM pg_stat_archiver") == "t"
	}, time.Minute, time.Second)
	return last
}

// cutOff stops what sends the WAL to the repository, as a node that fails at once does: a server that is ended in good
// order, as that of a namespace that is deleted, sends all it has.
func cutOff(t testing.TB) {
	t.Helper()
	archiver := sql(t, "postgres-0", "SELECT pid FROM pg_stat_activity WHERE backend_type = 'archiver'")
	kubectl(t, "-n", production, "exec", "postgres-0", "--", "bash", "-c", "kill -STOP "+archiver)
}

// volumesOf names the volumes that a namespace's claims are bound to.
func volumesOf(t testing.TB, namespace string) []string {
	t.Helper()
	volumes := strings.Fields(kubectl(t, "-n", namespace, "get", "persistentvolumeclaims", "-o", "jsonpath={.items[*].spec.volumeName}"))
	require.NotEmpty(t, volumes)
	for i := range volumes {
		volumes[i] = "persistentvolume/" + volumes[i]
	}
	return volumes
}
