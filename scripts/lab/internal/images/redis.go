package images

import (
	_ "embed"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
)

//go:embed scripts/redis.sh
var redisEntrypoint string

var redisAccount = account{name: "redis", id: 999, home: "/data", shell: "/usr/sbin/nologin"}

var redis = standIn{
	names: []string{"docker.io/library/redis:8-trixie"},
	layer: addition{
		name:     "redis",
		packages: []string{"redis-server"},
		without:  []string{"adduser"},
		account:  redisAccount,
		scripts:  map[string]string{"usr/local/bin/docker-entrypoint.sh": redisEntrypoint},
		finish: func(w *oci.Writer) error {
			return w.Dir("data", 0o755, redisAccount.owner())
		},
	}.layer,
	config: v1.Config{
		Env:          []string{searchPath},
		Entrypoint:   []string{"docker-entrypoint.sh"},
		Cmd:          []string{"redis-server"},
		WorkingDir:   "/data",
		Volumes:      map[string]struct{}{"/data": {}},
		ExposedPorts: map[string]struct{}{"6379/tcp": {}},
	},
}
