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

var alertmanager = standIn{
	names: []string{"docker.io/prom/alertmanager:v0.28.1"},
	layer: addition{
		name:     "alertmanager",
		packages: []string{"prometheus-alertmanager"},
		without:  []string{"adduser"},
		finish: func(w *oci.Writer) error {
			return w.Dir("alertmanager", 0o755, nobody)
		},
	}.layer,
	config: v1.Config{
		Env:        []string{searchPath},
		User:       "nobody",
		Entrypoint: []string{"/bin/prometheus-alertmanager"},
		Cmd: []string{
			"--config.file=/etc/alertmanager/alertmanager.yml",
			"--storage.path=/alertmanager",
		},
		WorkingDir:   "/alertmanager",
		Volumes:      map[string]struct{}{"/alertmanager": {}},
		ExposedPorts: map[string]struct{}{"9093/tcp": {}},
	},
}

var nodeExporter = standIn{
	names: []string{"docker.io/prom/node-exporter:v1.9.0"},
	layer: addition{
		name:     "node-exporter",
		packages: []string{"prometheus-node-exporter"},
		without:  []string{"adduser"},
		finish:   nothing,
	}.layer,
	config: v1.Config{
		Env:          []string{searchPath},
		User:         "nobody",
		Entrypoint:   []string{"/bin/prometheus-node-exporter"},
		ExposedPorts: map[string]struct{}{"9100/tcp": {}},
	},
}

var blackboxExporter = standIn{
	names: []string{"docker.io/prom/blackbox-exporter:v0.26.0"},
	layer: addition{
		name:     "blackbox-exporter",
		packages: []string{"prometheus-blackbox-exporter"},
		// to set it up, and for probes that are not made here
		without: []string{"adduser", "debconf", "libcap2-bin"},
		finish:  nothing,
	}.layer,
	config: v1.Config{
		Env:          []string{searchPath},
		User:         "nobody",
		Entrypoint:   []string{"/bin/prometheus-blackbox-exporter"},
		Cmd:          []string{"--config.file=/etc/prometheus/blackbox.yml"},
		ExposedPorts: map[string]struct{}{"9115/tcp": {}},
	},
}

// nothing is all that there is to add to packages that need no folder of their own.
func nothing(*oci.Writer) error { return nil }
