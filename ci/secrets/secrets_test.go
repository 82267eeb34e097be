package secrets_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

var good = map[string]string{
	"POSTGRES_URL":         "postgres://app:k3JvQ9xT1mZ@postgres:5432/app",
	"NEXTAUTH_URL":         "https://team-dashboard.app",
	"GITHUB_CLIENT_ID":     "Iv1.8a61f9b3a7aba766",
	"GITHUB_CLIENT_SECRET": "1f0c3b5a7d9e2c4f6a8b0d1e3f5a7c9b",
	"GITHUB_TOKEN":         "ghp_x8Kq2mVw5nRt7yUi9oPa3sDf",
	"OPENAI_API_KEY":       "sk-x8Kq2mVw5nRt7yUi9oPa3sDf",
	"OPENAI_ORG_ID":        "org-x8Kq2mVw5nRt7yUi",
	"S3_ACCESS_KEY":        "AKIA8Kq2mVw5nRt7yUi9",
	"S3_SECRET_KEY":        "wJx8Kq2mVw5nRt7yUi9oPa3sDfGh",
}

func envFile(changes map[string]string) string {
	values := maps.Clone(good)
	maps.Copy(values, changes)
	var lines []string
	for name, value := range values {
		if value != "-" {
			lines = append(lines, name+"="+value)
		}
	}
	return strings.Join(lines, "\n")
}

func TestCreateMakesWhatVerifyThenFinds(t *testing.T) {
	ctx := context.Background()
	m := newLab(t, "production")
	store := m.store()
	before, err := store.Verify(ctx)
	require.NoError(t, err)
	assert.Len(t, before.Problems(), len(before.Entries), "an empty cluster has nothing")

	_, err = store.Create(ctx, envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err)
	after, err := store.Verify(ctx)
	require.NoError(t, err)
	assert.Empty(t, after.Problems())

	writes := len(m.Writes())
	again, err := store.Create(ctx, envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err)
	assert.Equal(t, writes, len(m.Writes()), "a second create writes nothing")
	for _, entry := range again.Entries {
		assert.Equal(t, secrets.Unchanged, entry.State, entry.Key)
	}
}

func TestCreateReportsEveryProblemByNameAndWritesNothing(t *testing.T) {
	m := newLab(t, "production")
	store := m.store()
	_, err := store.Create(context.Background(), envFile(map[string]string{
		"POSTGRES_URL":     "mysql://app:hunter2hunter2@db/app",
		"GITHUB_TOKEN":     "changeme-changeme-changeme",
		"GITHUB_CLIENT_ID": "-",
		"NEXTAUHT_SECRET":  "a-misspelt-name-0123456789012345",
	}), secrets.CreateOptions{})
	require.Error(t, err)
	for _, text := range []string{"nothing was written", "POSTGRES_URL", "GITHUB_TOKEN", "placeholder", "GITHUB_CLIENT_ID", "JWT_SECRET", "NEXTAUHT_SECRET", "spelling"} {
		assert.ErrorContains(t, err, text)
	}
	assert.NotContains(t, err.Error(), "hunter2")
	assert.Zero(t, len(m.Writes()))
}

func TestOneEnvFileServesAllEnvironments(t *testing.T) {
	m := newLab(t, "staging")
	store := m.store()
	_, err := store.Create(context.Background(), envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err, "production alone needs the keys of the S3 storage")
	backup := m.Get(cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: "team-dashboard-staging", Name: "backup-secrets"})
	require.NotNil(t, backup)
	assert.Len(t, backup.Object["data"], 1)
}

func TestCreateNeverOverwritesUnasked(t *testing.T) {
	ctx := context.Background()
	m := newLab(t, "production")
	store := m.store()
	_, err := store.Create(ctx, envFile(nil), secrets.CreateOptions{Generate: true})
	require.NoError(t, err)
	writes := len(m.Writes())

	changed := envFile(map[string]string{"OPENAI_ORG_ID": "org-another0another0"})
	_, err = store.Create(ctx, changed, secrets.CreateOptions{})
	assert.ErrorContains(t, err, "OPENAI_ORG_ID (openai-org-id of openai-service-secrets): the cluster has another value; pass --overwrite")
	assert.Equal(t, writes, len(m.Writes()))

	report, err := store.Create(ctx, changed, secrets.CreateOptions{Overwrite: true})
	require.NoError(t, err)
	assert.Equal(t, writes+1, len(m.Writes()), "only the Secret that differs is written")
	assert.Contains(t, report.Entries, secrets.Entry{Secret: "openai-service-secrets", Key: "openai-org-id", Purpose: "OpenAI organization ID", State: secrets.Replaced})
}

func TestCreateLeavesAForeignNamespaceAlone(t *testing.T) {
	m := newLab(t, "production")
	store := m.store()
	foreign := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "team-dashboard-prod"}}}
	m.Put(foreign)
	_, err := store.Create(context.Background(), envFile(nil), secrets.CreateOptions{Generate: true})
	assert.ErrorContains(t, err, `namespace "team-dashboard-prod" is owned by something else`)
	assert.Zero(t, len(m.Writes()))
}

func TestEnvFileErrorsNameTheLineOnly(t *testing.T) {
	l := newLab(t, "production")
	store := l.store()
	for text, want := range map[string]string{
		"# a comment\n\nsk-this-is-a-secret": "line 3: not NAME=value",
		"A=1\nexport A='2'":                  "line 2: A was set in line 1",
	} {
		_, err := store.Create(context.Background(), text, secrets.CreateOptions{})
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "sk-this")
	}
}
