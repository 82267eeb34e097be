//go:build e2e

package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBackupsOfStaging goes the way of the drill where the repository is a volume, from a backup that the CronJob makes;
// production has one made by its own meanwhile.
func TestBackupsOfStaging(t *testing.T) {
	ask := func(pod, statement string) string { return sqlIn(t, staging, pod, statement) }
	ask("postgres-0", "DROP TABLE IF EXISTS drill; CREATE TABLE drill AS SELECT generate_series(1, 10) i")
	removeBeside(t, staging)
	before := uids(t, staging, production) + storePods(t, staging, production)
	began := time.Now().Truncate(time.Second)
	atNight(t, staging, "full")
	atNight(t, production, "diff")
	madeAtNight(t, staging, "full")

	var list struct {
		Backups []struct {
			Type string    `json:"type"`
			Stop time.Time `json:"stop"`
		} `json:"backups"`
	}
	out := mustCall(t, "backups", "--env", "staging", "--format", "json")
	require.NoError(t, json.Unmarshal([]byte(out), &list), out)
	require.NotEmpty(t, list.Backups)
	last := list.Backups[len(list.Backups)-1]
	assert.Equal(t, "full", last.Type)
	assert.False(t, last.Stop.Before(began), "the CronJob's backup is not listed: %s", out)

	ask("postgres-0", "INSERT INTO drill VALUES (11)")
	assert.Contains(t, mustCall(t, "backup", "--env", "staging"), "The database of staging is backed up")
	ask("postgres-0", "INSERT INTO drill VALUES (12)")
	mustCall(t, "restore", "--env", "staging", "--latest", "--into", beside)
	assert.Equal(t, "12,12,false", ask("postgres-"+beside+"-0", drilled))
	ask("postgres-0", "DROP TABLE drill")

	madeAtNight(t, production, "diff")
	assert.Equal(t, before, uids(t, staging, production)+storePods(t, staging, production))
}

// atNight starts what a CronJob of the backups starts at night.
func atNight(t *testing.T, namespace, kind string) {
	t.Helper()
	remove := func() { kubectl(t, "-n", namespace, "delete", "job", "drill-"+kind, "--ignore-not-found") }
	remove()
	t.Cleanup(remove)
	kubectl(t, "-n", namespace, "create", "job", "drill-"+kind, "--from=cronjob/postgres-backup-"+kind)
}

func madeAtNight(t *testing.T, namespace, kind string) {
	t.Helper()
	kubectl(t, "-n", namespace, "wait", "--for=condition=complete", "--timeout=120s", "job/drill-"+kind)
}
