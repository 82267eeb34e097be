package images

import (
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/oci"
)

// nobody is Debian's user and group of that number.
var nobody = oci.Owner{UID: 65534, GID: 65534}

var prometheus = standIn{
	names: []string{"docker.io/prom/prometheus:v2.53.3"},
	layer: addition{
		name:     "prometheus",
		packages: []string{"prometheus"},
		without:  []string{"adduser"},
		finish: func(w *oci.Writer) error {
			return w.Dir("prometheus", 0o755, nobody)
		},
	}.layer,
	config: v1.Config{
		Env:        []string{searchPath},
		User:       "nobody",
		Entrypoint: []string{"/bin/prometheus"},
		Cmd: []string{
			"--config.file=/etc/prometheus/prometheus.yml",
			"--storage.tsdb.path=/prometheus",
		},
		WorkingDir:   "/prometheus",
		Volumes:      map[string]struct{}{"/prometheus": {}},
		ExposedPorts: map[string]struct{}{"9090/tcp": {}},
	},
}
