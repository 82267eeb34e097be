package images

import (
	_ "embed"
	"io/fs"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
)

//go:embed scripts/postgres.sh
var postgresEntrypoint string

var postgresAccount = account{name: "postgres", id: 999, home: "/var/lib/postgresql", shell: "/bin/bash"}

var postgres = standIn{
	names: []string{"docker.io/library/postgres:17-trixie"},
	layer: addition{
		name:     "postgres",
		packages: []string{"postgresql-17", "libnss-wrapper"},
		without: []string{
			// for compiling queries at run time; the server does without
			"libllvm19", "libz3-4",
			// for Debian's own way to run several clusters
			"adduser", "locales", "perl", "postgresql-client-common", "postgresql-common", "procps", "sensible-utils", "ssl-cert", "ucf",
		},
		skip: []string{
			"usr/lib/postgresql/17/lib/bitcode",
			"usr/lib/postgresql/17/lib/llvmjit*",
		},
		account: postgresAccount,
		scripts: map[string]string{"usr/local/bin/docker-entrypoint.sh": postgresEntrypoint},
		finish:  postgresFolders,
	}.layer,
	config: v1.Config{
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/postgresql/17/bin",
			"LANG=C.UTF-8", // the only one without the package locales
			"PG_MAJOR=17",
			"PGDATA=/var/lib/postgresql/data",
		},
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{"postgres"},
		StopSignal:   "SIGINT", // disconnects clients; SIGTERM would wait for them
		Volumes:      map[string]struct{}{"/var/lib/postgresql/data": {}},
		ExposedPorts: map[string]struct{}{"5432/tcp": {}},
	},
}

// postgresFolders are writable for whatever user the container runs as.
func postgresFolders(w *oci.Writer) error {
	for _, folder := range []struct {
		path string
		mode fs.FileMode
	}{
		{"var/lib/postgresql", 0o755},
		{"var/lib/postgresql/data", 0o777 | fs.ModeSticky},
		{"run/postgresql", 0o777 | fs.ModeSticky | fs.ModeSetgid},
	} {
		if err := w.Dir(folder.path, folder.mode, postgresAccount.owner()); err != nil {
			return err
		}
	}
	return w.Dir("docker-entrypoint-initdb.d", 0o755, oci.Owner{})
}
