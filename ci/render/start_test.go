package render

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start runs a start script of the data layer with a stand-in for the program
// that it ends in, and returns what that prints.
func start(t *testing.T, script, program, body string, env ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/bash\n"+body), 0o755))
	command := exec.Command("/bin/bash", filepath.Join(manifests, "data", script))
	command.Env = append(env, "PATH="+dir+":/usr/bin:/bin")
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestPostgresTakesItsAccountFromTheURL(t *testing.T) {
	tests := []struct{ url, user, password, database, refused string }{
		{url: "postgres://team:s3cret@postgres:5432/app", user: "team", password: "s3cret", database: "app"},
		{url: "postgresql://team:s3cret@postgres/app?sslmode=disable&x=a/b", user: "team", password: "s3cret", database: "app"},
		{url: "postgres://te%40m:p%2Fa%3As%25s%5Cn%20x@postgres/a-p_p", user: "te@m", password: `p/a:s%s\n x`, database: "a-p_p"},
		{url: `postgres://team:a:b\n$(id)@postgres/app`, user: "team", password: `a:b\n$(id)`, database: "app"},
		{url: "mysql://team:s3cret@postgres/app", refused: "is no PostgreSQL URL"},
		{url: "postgres://team:s3cret@postgres:5432", refused: "names no database"},
		{url: "postgres://team:s3cret@postgres:5432/", refused: "names no database"},
		{url: "postgres://postgres/app", refused: "names no user and password"},
		{url: "postgres://team@postgres/app", refused: "names no user and password"},
	}
	for _, test := range tests {
		t.Run(test.url, func(t *testing.T) {
			output, err := start(t, "postgres/start.sh", "docker-entrypoint.sh",
				`printf '%s\n' "$POSTGRES_USER" "$POSTGRES_PASSWORD" "$POSTGRES_DB" "${POSTGRES_URL-gone}" "$*"`, "POSTGRES_URL="+test.url)
			if test.refused != "" {
				assert.Error(t, err)
				assert.Contains(t, output, "database-secrets/postgres-url "+test.refused)
				assert.NotContains(t, output, "s3cret")
				return
			}
			require.NoError(t, err, output)
			assert.Equal(t, test.user+"\n"+test.password+"\n"+test.database+"\ngone\npostgres -c config_file=/etc/postgresql/postgresql.conf\n", output)
		})
	}
}

func TestRedisGetsItsPasswordByStandardInput(t *testing.T) {
	for password, line := range map[string]string{
		"plain-and-long":   `requirepass "plain-and-long"`,
		`a "quote" \ and`:  `requirepass "a \"quote\" \\ and"`,
		"$(id) `id` $HOME": "requirepass \"$(id) `id` $HOME\"",
	} {
		output, err := start(t, "redis/start.sh", "redis-server", `printf '%s\n' "$*"; cat`, "REDISCLI_AUTH="+password)
		require.NoError(t, err, output)
		assert.Equal(t, "/etc/redis/redis.conf -\n"+line+"\n", output)
	}
}
