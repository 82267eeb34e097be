package secrets_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/backup"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

var all = secrets.RotateOptions{Keys: []string{"redis-password", "POSTGRES_URL", "JWT_SECRET"}, Generate: true, Holder: "ada"}

// values are those that the rotation of all is about.
func (m *memory) values() [3]string {
	return [3]string{m.value("database-secrets", "redis-password"), m.value("database-secrets", "postgres-url"), m.value("agent-manager-secrets", "JWT_SECRET")}
}

// settled checks that everybody agrees on the values in the Secrets, and that nothing else is left.
func (m *memory) settled() {
	m.t.Helper()
	m.check()
	now := m.values()
	assert.Equal(m.t, map[string]bool{now[0]: true}, m.redis, "Redis takes one password")
	address, err := url.Parse(now[1])
	require.NoError(m.t, err)
	password, _ := address.User.Password()
	assert.Equal(m.t, map[string]string{"app": password}, m.accounts, "PostgreSQL has one account")
	for name, values := range m.pods {
		for key, value := range values {
			assert.Equal(m.t, m.valueOf(key), value, "%s has another %s than its Secret", name, key)
		}
	}
	assert.Empty(m.t, m.value("secrets-rotation", "journal"), "the journal is still there")
	assert.False(m.t, m.locked)
}

func (m *memory) valueOf(key string) string {
	secret, name, _ := strings.Cut(key, "/")
	return m.value(secret, name)
}

func TestRotateChangesValuesWithoutAMomentOfDisagreement(t *testing.T) {
	store, m := deployed(t)
	before := m.values()
	rotation, err := store.Rotate(context.Background(), m, all)
	require.NoError(t, err)
	m.settled()
	for i, value := range m.values() {
		assert.NotEqual(t, before[i], value)
	}
	assert.Equal(t, []string{"agent-manager-blue", "dashboard-blue"}, rotation.Restarted, "only what reads a key is restarted, and nothing that is parked")
	assert.Equal(t, []string{"postgres", "redis"}, rotation.Servers)
	assert.Contains(t, m.values()[1], "@postgres:5432/app", "only the password of a URL changes")
	report, err := store.Verify(context.Background())
	require.NoError(t, err)
	assert.Empty(t, report.Problems())
}

func TestRotateThatIsKilledIsFinishedByTheSameCommand(t *testing.T) {
	for at := 0; ; at++ {
		store, m := deployed(t)
		before := m.values()
		m.killAt = at
		_, err := store.Rotate(context.Background(), m, all)
		if err == nil {
			require.Greater(t, at, 15, "the rotation was never killed")
			return
		}
		require.ErrorIs(t, err, errKilled)
		m.revive()
		if m.value("secrets-rotation", "journal") != "" {
			report, err := store.Verify(context.Background())
			require.NoError(t, err)
			assert.Equal(t, "secrets rotate --env production --keys redis-password,POSTGRES_URL,JWT_SECRET", report.Unfinished)
			_, err = store.Rotate(context.Background(), m, secrets.RotateOptions{Keys: []string{"NEXTAUTH_SECRET"}, Generate: true})
			require.ErrorContains(t, err, "comes first")
		}
		_, err = store.Rotate(context.Background(), m, all)
		require.NoError(t, err, "killed at write %d", at)
		m.settled()
		for i, value := range m.values() {
			assert.NotEqual(t, before[i], value, "killed at write %d", at)
		}
	}
}

func TestRotateThatFailsBringsTheOldValuesBack(t *testing.T) {
	for at := -1; ; at++ {
		store, m := deployed(t)
		before := m.values()
		// The first restart is to PostgreSQL's interim account, the second to this URL.
		m.refused = "postgres://app:a-password-that-stops-them@postgres:5432/app"
		options := all
		options.EnvFile = "POSTGRES_URL=" + m.refused
		m.killAt = at
		_, err := store.Rotate(context.Background(), m, options)
		require.Error(t, err)
		if m.dead {
			m.revive()
			_, err = store.Rotate(context.Background(), m, options)
		} else if at >= 0 {
			require.Greater(t, at, 20, "the taking back was never killed")
			return
		}
		require.ErrorContains(t, err, "CrashLoopBackOff", "killed at write %d", at)
		require.ErrorContains(t, err, "the old values are back")
		assert.NotContains(t, err.Error(), "a-password-that")
		m.settled()
		assert.Equal(t, before, m.values())
	}
}

func TestRotateRefusesBeforeAnythingIsChanged(t *testing.T) {
	for name, test := range map[string]struct {
		options secrets.RotateOptions
		says    []string
	}{
		"no keys":        {secrets.RotateOptions{Generate: true}, []string{"no keys named"}},
		"unknown key":    {secrets.RotateOptions{Keys: []string{"redis-pasword", "JWT_SECRET"}, Generate: true}, []string{"REDIS_PASWORD: no such key", "redis-password"}},
		"value for key":  {secrets.RotateOptions{Keys: []string{"JWT_SECRET=hunter2,hunter2"}}, []string{"--keys: a value was given with JWT_SECRET", "--from"}},
		"no value":       {secrets.RotateOptions{Keys: []string{"JWT_SECRET"}}, []string{"JWT_SECRET", "--generate"}},
		"others' values": {secrets.RotateOptions{Keys: []string{"GITHUB_TOKEN"}, Generate: true}, []string{"GITHUB_TOKEN", "cannot be generated"}},
		"never rotated":  {secrets.RotateOptions{Keys: []string{"repository-cipher-pass"}, Generate: true}, []string{"REPOSITORY_CIPHER_PASS", "never rotated"}},
		"all at once": {secrets.RotateOptions{Keys: []string{"JWT_SECRET", "GITHUB_TOKEN"}, EnvFile: "JWT_SECRET=hunter2\nGITHUB_TOKEN=changeme"},
			[]string{"JWT_SECRET", "7 bytes", "GITHUB_TOKEN", "placeholder"}},
		"another account": {secrets.RotateOptions{Keys: []string{"postgres-url"}, EnvFile: "POSTGRES_URL=postgres://hunter2:k3JvQ9xT1mY@postgres:5432/app"}, []string{"POSTGRES_URL", "migration"}},
		"not a file":      {secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, EnvFile: "hunter2"}, []string{"line 1"}},
		"what a store reads": {secrets.RotateOptions{Keys: []string{"s3-access-key"}, EnvFile: "S3_ACCESS_KEY=AKIA0000Kq2mVw5nRt7y"},
			[]string{"s3-access-key", `StatefulSet "archive"`, "files"}},
	} {
		t.Run(name, func(t *testing.T) {
			store, m := deployed(t)
			m.workload("StatefulSet", "archive", 1, "backup-secrets/s3-access-key")
			_, err := store.Rotate(context.Background(), m, test.options)
			require.Error(t, err)
			for _, text := range test.says {
				assert.ErrorContains(t, err, text)
			}
			assert.NotContains(t, err.Error(), "hunter2")
			assert.Zero(t, m.writes)
		})
	}
}

func TestRotateWaitsUntilARestoreOfTheDatabaseHasEnded(t *testing.T) {
	store, m := deployed(t)
	claim := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "PersistentVolumeClaim"}}
	claim.SetName("data-postgres-0")
	claim.SetNamespace(namespace)
	claim.SetAnnotations(map[string]string{backup.RestoreMark: "restore --env production --latest --force", backup.RestoreBegan: "2026-11-23T12:00:00Z"})
	m.objects[cluster.RefOf(claim)] = claim
	_, err := store.Rotate(context.Background(), m, secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, Generate: true})
	assert.ErrorContains(t, err, "finish it: dagger call restore --env production --latest --force")
	assert.Zero(t, m.writes)
}

// The slots of a service are restarted together, for the time that this saves; two services never.
func TestRotateRestartsOneServiceAfterTheOther(t *testing.T) {
	store, m := deployed(t)
	for _, slot := range []string{"agent-manager-blue", "agent-manager-green", "dashboard-blue"} {
		m.workload("Deployment", slot, 2, "agent-manager-secrets/JWT_SECRET")
		service, _, _ := strings.Cut(slot, "-")
		m.objects[cluster.Ref{APIVersion: "apps/v1", Kind: "Deployment", Namespace: namespace, Name: slot}].SetLabels(map[string]string{"app": service})
	}
	_, err := store.Rotate(context.Background(), m, secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, Generate: true})
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"agent-manager-blue", "agent-manager-green"}, {"dashboard-blue"}}, m.waits)
}

// The keys of the backups' storage are made there: a new one is tried, and then PostgreSQL finds it in its files.
func TestRotateTriesTheKeysOfTheStorageFirst(t *testing.T) {
	store, m := deployed(t)
	m.withBackups()
	m.storage = "Kq2mVw5nRt7yKq2mVw5nRt7yKq2mVw5n"
	before := m.value("backup-secrets", "s3-secret-key")
	options := secrets.RotateOptions{Keys: []string{"s3-access-key", "s3-secret-key"}, EnvFile: "S3_ACCESS_KEY=AKIA0000Kq2mVw5nRt7y\nS3_SECRET_KEY=hunter2hunter2hunter2hunter2"}
	_, err := store.Rotate(context.Background(), m, options)
	require.ErrorContains(t, err, "the backups' storage does not take it: ERROR: [039]: HTTP request failed with 403 (Forbidden)")
	assert.NotContains(t, err.Error(), "hunter2")
	assert.Equal(t, before, m.value("backup-secrets", "s3-secret-key"))
	m.settled()

	options.EnvFile = "S3_ACCESS_KEY=AKIA0000Kq2mVw5nRt7y\nS3_SECRET_KEY=" + m.storage
	rotation, err := store.Rotate(context.Background(), m, options)
	require.NoError(t, err)
	assert.Equal(t, []string{"postgres"}, rotation.Readers)
	assert.Empty(t, rotation.Restarted)
	assert.Equal(t, m.storage, m.value("backup-secrets", "s3-secret-key"))
	m.settled()
}

func TestRotateNeedsAStoreThatTakesTwoPasswords(t *testing.T) {
	store, m := deployed(t)
	m.workload("StatefulSet", "redis", 1, "database-secrets/redis-password")
	_, err := store.Rotate(context.Background(), m, all)
	require.ErrorContains(t, err, "deploy once")
	assert.Zero(t, m.writes)
}

func TestRotateExcludesADeploy(t *testing.T) {
	store, m := deployed(t)
	m.locked = true
	_, err := store.Rotate(context.Background(), m, all)
	var locked *lock.HeldError
	require.ErrorAs(t, err, &locked)
	assert.Zero(t, m.writes)
}

func TestRotateToTheValueThatIsThereDoesNothing(t *testing.T) {
	store, m := deployed(t)
	options := secrets.RotateOptions{Keys: []string{"JWT_SECRET"}, EnvFile: "JWT_SECRET=" + m.value("agent-manager-secrets", "JWT_SECRET")}
	rotation, err := store.Rotate(context.Background(), m, options)
	require.NoError(t, err)
	assert.Zero(t, m.writes)
	assert.Empty(t, rotation.Restarted)
	assert.Equal(t, secrets.Unchanged, rotation.Entries[0].State)
}
