package secrets_test

import (
	"context"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

func pair(t *testing.T) *age.X25519Identity {
	identity, err := age.GenerateX25519Identity()
	require.NoError(t, err)
	return identity
}

// filled is an environment with all of its secrets and nothing that runs.
func filled(t *testing.T) (secrets.Store, *lab) {
	m := newLab(t, "production")
	store := m.store()
	_, err := store.Create(context.Background(), envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err)
	return store, m
}

func TestABackupBringsEverythingBackForEachRecipient(t *testing.T) {
	ctx := context.Background()
	store, m := filled(t)
	ada, ben := pair(t), pair(t)
	file, err := store.Backup(ctx, []string{"# the team", ada.Recipient().String(), "", ben.Recipient().String()})
	require.NoError(t, err)
	for _, value := range good {
		assert.NotContains(t, file, value)
	}

	for _, identity := range []*age.X25519Identity{ada, ben} {
		again := newLab(t, "production")
		empty := again.store()
		report, err := empty.Restore(ctx, file, "# created: today\n"+identity.String()+"\n", secrets.RestoreOptions{})
		require.NoError(t, err)
		assert.Empty(t, report.Problems())
		for _, object := range m.List("v1", "Secret", namespace, nil) {
			assert.Equal(t, object.Object["data"], again.Get(cluster.RefOf(object)).Object["data"], object.GetName())
		}
		writes := len(again.Writes())
		_, err = empty.Restore(ctx, file, identity.String(), secrets.RestoreOptions{})
		require.NoError(t, err)
		assert.Equal(t, writes, len(again.Writes()), "a second restore writes nothing")
	}
}

func TestRestoreNeverOverwritesUnasked(t *testing.T) {
	ctx := context.Background()
	store, m := filled(t)
	ada := pair(t)
	file, err := store.Backup(ctx, []string{ada.Recipient().String()})
	require.NoError(t, err)
	_, err = store.Create(ctx, "OPENAI_ORG_ID=org-another0another0", secrets.CreateOptions{Overwrite: true})
	require.NoError(t, err)

	writes := len(m.Writes())
	_, err = store.Restore(ctx, file, ada.String(), secrets.RestoreOptions{})
	assert.ErrorContains(t, err, "OPENAI_ORG_ID (openai-org-id of openai-service-secrets): the cluster has another value; pass --overwrite")
	assert.Equal(t, writes, len(m.Writes()))
	_, err = store.Restore(ctx, file, ada.String(), secrets.RestoreOptions{Overwrite: true})
	require.NoError(t, err)
	assert.Equal(t, good["OPENAI_ORG_ID"], m.value("openai-service-secrets", "openai-org-id"))
}

// A password that a running store checks cannot be replaced in the Secret alone: nobody could log in any more.
func TestWhatARunningStoreChecksIsOnlyRotated(t *testing.T) {
	ctx := context.Background()
	store, m := filled(t)
	m.workload("StatefulSet", "redis", 1, "database-secrets/redis-password")
	_, err := store.Create(ctx, "REDIS_PASSWORD=another0another0another0", secrets.CreateOptions{Overwrite: true})
	assert.ErrorContains(t, err, "dagger call secrets rotate --env production --keys redis-password")
	_, err = store.Create(ctx, "REPOSITORY_CIPHER_PASS=another0another0another0another0another0", secrets.CreateOptions{Overwrite: true})
	assert.ErrorContains(t, err, "could not be read any more")
}

func TestRestoreRefusesWhatItCannotUse(t *testing.T) {
	ctx := context.Background()
	store, _ := filled(t)
	ada, eve := pair(t), pair(t)
	file, err := store.Backup(ctx, []string{ada.Recipient().String()})
	require.NoError(t, err)
	lines := strings.Split(file, "\n")
	for name, test := range map[string]struct{ env, file, identity, says string }{
		"another identity":       {"production", file, eve.String(), "--identity: the backup was encrypted for others"},
		"a public key":           {"production", file, ada.Recipient().String(), "--identity: not an age identity"},
		"an empty identity":      {"production", file, "", "--identity: not an age identity"},
		"no backup":              {"production", "JWT_SECRET=hunter2", ada.String(), "--from: not a backup"},
		"an empty file":          {"production", "", ada.String(), "--from: not a backup"},
		"cut off":                {"production", strings.Join(lines[:len(lines)/2], "\n"), ada.String(), "cut off or damaged"},
		"cut off before its end": {"production", strings.Join(append(append([]string{}, lines[:len(lines)-3]...), lines[len(lines)-2]), "\n"), ada.String(), "cut off or damaged"},
		"another environment":    {"staging", file, ada.String(), "the file is a backup of production of team-dashboard"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newLab(t, test.env)
			other := m.store()
			_, err := other.Restore(ctx, test.file, test.identity, secrets.RestoreOptions{Overwrite: true})
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "\n", "one line")
			assert.NotContains(t, err.Error(), "hunter2")
			assert.Zero(t, len(m.Writes()))
		})
	}
}

func TestBackupRefusesWhatWouldBeNoBackup(t *testing.T) {
	ctx := context.Background()
	store, m := filled(t)
	ada := pair(t)
	for name, test := range map[string]struct {
		recipients []string
		says       string
	}{
		"nobody":        {nil, "nobody named"},
		"only comments": {[]string{"# ada", " "}, "nobody named"},
		"not a key":     {[]string{"age1qqqq"}, `"age1qqqq" is no recipient`},
		"an SSH key":    {[]string{"ssh-ed25519 AAAAC3Nz"}, "is no recipient"},
		"a secret key":  {[]string{ada.String()}, "a secret key was given"},
		"good and bad":  {[]string{ada.Recipient().String(), "ben"}, `"ben"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Backup(ctx, test.recipients)
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), ada.String())
		})
	}
	m.Remove(ref("v1", "Secret", "mcp-manager-secrets"))
	_, err := store.Backup(ctx, []string{ada.Recipient().String()})
	assert.ErrorContains(t, err, "MCP_ENCRYPTION_KEY of mcp-manager-secrets is missing")
}

// The monitoring has a namespace and Secrets of its own, behind the same doors.
func TestMonitoringIsAPlaceToo(t *testing.T) {
	ctx := context.Background()
	m := newLab(t, "monitoring")
	store := m.store()
	_, err := store.Create(ctx, "SLACK_WEBHOOK_URL=https://hooks.slack.com/services/T0/B0/x8Kq2mVw\nPAGERDUTY_ROUTING_KEY=0f1e2d3c4b5a69788796a5b4c3d2e1f0", secrets.CreateOptions{})
	require.NoError(t, err)
	assert.NotNil(t, m.Get(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "team-dashboard-monitoring", Name: "alertmanager-secrets"}))
	ada := pair(t)
	file, err := store.Backup(ctx, []string{ada.Recipient().String()})
	require.NoError(t, err)
	_, err = store.Restore(ctx, file, ada.String(), secrets.RestoreOptions{})
	require.NoError(t, err)
}
