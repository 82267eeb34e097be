// Package monitoring brings what watches over the environments into the
// cluster, and says how it is: whether all of it runs, whether Prometheus
// reaches its targets, and whether alerts get as far as Alertmanager.
package monitoring

import (
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Folder is the kustomization of the monitoring in the folder of the manifests.
const Folder = "monitoring"

// Installer brings the monitoring into a cluster.
type Installer struct {
	Cluster     *cluster.Cluster
	Application config.Application
	// Objects are the rendered kustomization, in the order in which to apply them.
	Objects []*cluster.Object
	// Wait limits the wait for the pods, and is told of its progress.
	Wait workload.Options
}

// Component is one workload of the monitoring.
type Component struct {
	Namespace string `json:"namespace"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Image     string `json:"image"`
	Ready     int    `json:"ready"`
	Desired   int    `json:"desired"`
}
