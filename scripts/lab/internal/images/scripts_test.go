package images

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stubs stand in for the programs that entry points call. Each writes its name
// and arguments to stdout; initdb makes what postgres.sh expects of it.
var stubs = map[string]string{
	"id":           `echo 999`,
	"getent":       `true`,
	"node":         `echo node "$@"`,
	"redis-server": `echo redis-server "$@"`,
	"postgres":     `echo postgres "$@"; echo "password in the environment: ${POSTGRES_PASSWORD-none}"`,
	"pg_ctl":       `echo "pg_ctl ${*: -1}"`,
	"createdb":     `echo createdb "${*: -1}"`,
	"initdb": `echo "initdb $1"
for argument; do
	case $argument in --pwfile=*) echo "password $(cat "${argument#--pwfile=}")" ;; esac
done
echo 17 >"$PGDATA/PG_VERSION"`,
}

// call runs an entry point among stubs, as the user 999 of a container with
// these variables, and returns what it printed.
func call(t *testing.T, script string, env []string, args ...string) (string, error) {
	t.Helper()
	bin := t.TempDir()
	for name, text := range stubs {
		require.NoError(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/bash\n"+text+"\n"), 0o755))
	}
	entrypoint := filepath.Join(bin, "docker-entrypoint.sh")
	require.NoError(t, os.WriteFile(entrypoint, []byte(script), 0o755))
	cmd := exec.Command(entrypoint, args...)
	cmd.Env = append(env, "PATH="+bin+":/usr/bin:/bin")
	output, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

func TestNodeEntrypoint(t *testing.T) {
	for args, want := range map[string]string{
		"--version":       "node --version",
		"server.js":       "node server.js",
		"node server.js":  "node server.js",
		"echo not a node": "not a node",
	} {
		got, err := call(t, nodeEntrypoint, nil, strings.Fields(args)...)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestRedisEntrypoint(t *testing.T) {
	for args, want := range map[string]string{
		"redis-server":                      "redis-server --protected-mode no",
		"--appendonly yes":                  "redis-server --appendonly yes --protected-mode no",
		"redis-server --protected-mode yes": "redis-server --protected-mode yes",
		"/etc/redis.conf --port 1":          "redis-server /etc/redis.conf --port 1",
		"echo redis-server":                 "redis-server",
	} {
		got, err := call(t, redisEntrypoint, nil, strings.Fields(args)...)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

func TestPostgresEntrypointMakesACluster(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(secret, []byte("from a file\n"), 0o600))
	tests := []struct {
		name string
		env  []string
		want []string
		hba  string
	}{
		{
			name: "with a password",
			env:  []string{"POSTGRES_PASSWORD=secret"},
			want: []string{"initdb --username=postgres", "password secret", "pg_ctl start", "pg_ctl stop"},
			hba:  "scram-sha-256",
		},
		{
			name: "with a user and a database",
			env:  []string{"POSTGRES_PASSWORD_FILE=" + secret, "POSTGRES_USER=app", "POSTGRES_DB=shop"},
			want: []string{"initdb --username=app", "password from a file", "pg_ctl start", "createdb shop", "pg_ctl stop"},
			hba:  "scram-sha-256",
		},
		{
			name: "with a user alone",
			env:  []string{"POSTGRES_PASSWORD=secret", "POSTGRES_USER=app"},
			want: []string{"initdb --username=app", "password secret", "pg_ctl start", "createdb app", "pg_ctl stop"},
			hba:  "scram-sha-256",
		},
		{
			name: "without a password, by request",
			env:  []string{"POSTGRES_HOST_AUTH_METHOD=trust"},
			want: []string{"initdb --username=postgres", "pg_ctl start", "pg_ctl stop"},
			hba:  "trust",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			got, err := call(t, postgresEntrypoint, append(test.env, "PGDATA="+data), "-c", "jit=off")
			require.NoError(t, err, got)
			want := append(test.want, "postgres -c jit=off", "password in the environment: none")
			assert.Equal(t, want, strings.Split(got, "\n"))

			hba, err := os.ReadFile(filepath.Join(data, "pg_hba.conf"))
			require.NoError(t, err)
			assert.Equal(t, "host all all all "+test.hba, strings.TrimSpace(string(hba)))
		})
	}
}

func TestPostgresEntrypointKeepsACluster(t *testing.T) {
	data := plant(t, map[string]string{"PG_VERSION": "17\n"})
	got, err := call(t, postgresEntrypoint, []string{"PGDATA=" + data}, "postgres")
	require.NoError(t, err)
	assert.Equal(t, "postgres\npassword in the environment: none", got)
}

func TestPostgresEntrypointRefuses(t *testing.T) {
	for want, env := range map[string][]string{
		"set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE":           nil,
		"POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are both set": {"POSTGRES_PASSWORD=a", "POSTGRES_PASSWORD_FILE=/dev/null"},
	} {
		got, err := call(t, postgresEntrypoint, append(env, "PGDATA="+t.TempDir()))
		assert.Error(t, err)
		assert.Contains(t, got, want)
		assert.NotContains(t, got, "initdb --")
	}
}

func TestPostgresEntrypointRunsOtherCommands(t *testing.T) {
	got, err := call(t, postgresEntrypoint, nil, "echo", "hello")
	require.NoError(t, err)
	assert.Equal(t, "hello", got)
}
