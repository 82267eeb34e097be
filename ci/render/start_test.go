package render

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// start runs a start script of the data layer with stand-ins for the programs
// that it calls, and returns what they print.
func start(t *testing.T, script string, programs map[string]string, env ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for program, body := range programs {
		require.NoError(t, os.WriteFile(filepath.Join(dir, program), []byte("#!/bin/bash\n"+body), 0o755))
	}
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
			volume := t.TempDir()
			programs := map[string]string{
				"pgbackrest": `echo '[{"backup":[]}]'`,
				"initdb": `for argument; do case $argument in
						--pgdata=*) mkdir "${argument#*=}" && echo 17 >"${argument#*=}/PG_VERSION" ;;
						--username=*) echo "user ${argument#*=}" ;;
						--pwfile=*) echo "password $(cat "${argument#*=}")" ;;
					esac; done`,
				"postgres": `if [ "$1" = --single ]; then cat >&2; else printf '%s\n' "${POSTGRES_URL-gone}" "$*"; fi`,
			}
			output, err := start(t, "postgres/config/start.sh", programs, "POSTGRES_URL="+test.url, "PGDATA="+volume+"/pgdata")
			if test.refused != "" {
				assert.Error(t, err)
				assert.Contains(t, output, "database-secrets/postgres-url "+test.refused)
				assert.NotContains(t, output, "s3cret")
				return
			}
			require.NoError(t, err, output)
			assert.Equal(t, "user "+test.user+"\npassword "+test.password+"\nCREATE DATABASE \""+test.database+"\"\ngone\n-c config_file=/etc/postgresql/postgresql.conf\n", output)
		})
	}
}

// What stands in the way of a start, each with what to do.
func TestPostgresDoesNotStart(t *testing.T) {
	for name, test := range map[string]struct {
		file, backups, says string
	}{
		"on half of a restore":             {file: "restore.unfinished", says: "run the same dagger call restore again"},
		"empty where there was a database": {backups: `[{"backup":[{"label":"20261123-020000F"}]}]`, says: "dagger call restore --latest"},
		// As pgBackRest 2.55 prints it.
		"empty where nobody can say": {backups: `[{"backup":[],"repo":[{"status":{"code":99,"message":"[HostConnectError] unable to connect to s3:9000: [111] Connection refused\\n  [HostConnectError] on 6 retries"}}],` +
			`"status":{"code":99,"message":"other"}}]`, says: "cannot be read: [HostConnectError] unable to connect to s3:9000: [111] Connection refused; check where repository-config says"},
	} {
		t.Run(name, func(t *testing.T) {
			volume := t.TempDir()
			if test.file != "" {
				require.NoError(t, os.WriteFile(filepath.Join(volume, test.file), nil, 0o600))
			}
			programs := map[string]string{"pgbackrest": "echo '" + test.backups + "'", "initdb": "echo initdb ran", "postgres": "echo postgres ran"}
			output, err := start(t, "postgres/config/start.sh", programs, "POSTGRES_URL=postgres://team:s3cret@postgres/app", "PGDATA="+volume+"/pgdata")
			assert.Error(t, err)
			assert.Contains(t, output, test.says)
			assert.NotContains(t, output, " ran")
		})
	}
}

func TestRedisGetsItsPasswordsByStandardInput(t *testing.T) {
	for _, test := range []struct{ password, old, new, line string }{
		{"plain-and-long", "", "", `">plain-and-long"`},
		{`a "quote" \ and`, "", "", `">a \"quote\" \\ and"`},
		{"$(id) `id` $HOME", "", "", "\">$(id) `id` $HOME\""},
		{"now", "then", "now", `">now" ">then" ">now"`},
	} {
		output, err := start(t, "redis/start.sh", map[string]string{"redis-server": `printf '%s\n' "$*"; cat`},
			"REDIS_PASSWORD="+test.password, "REDIS_PASSWORD_OLD="+test.old, "REDIS_PASSWORD_NEW="+test.new)
		require.NoError(t, err, output)
		assert.Equal(t, "/etc/redis/redis.conf -\nuser default on ~* &* +@all "+test.line+"\n", output)
	}
}
