// Package monitoring brings what watches over the environments into the
// cluster, and says how it is: whether all of it runs, whether Prometheus
// reaches its targets, and whether alerts get as far as Alertmanager.
package monitoring

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Folder is the kustomization of the monitoring in the folder of the manifests.
const Folder = "monitoring"

// Reader is what Status needs of the API server.
type Reader interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
	List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]*cluster.Object, error)
	ServiceGet(ctx context.Context, namespace, service string, port int, path string) (cluster.Response, error)
}

// Cluster is what Deploy needs of it; *cluster.Cluster is the real one.
type Cluster interface {
	Reader
	Can(ctx context.Context, action cluster.Action) (bool, error)
	Create(ctx context.Context, object *cluster.Object) (*cluster.Object, error)
	Apply(ctx context.Context, object *cluster.Object, options cluster.ApplyOptions) (*cluster.Object, error)
	Delete(ctx context.Context, ref cluster.Ref) error
	WaitReady(ctx context.Context, namespace string, deployments []string, options workload.Options) error
	WaitDaemonSetsReady(ctx context.Context, namespace string, daemonSets []string, options workload.Options) error
}

// Installer brings the monitoring into a cluster.
type Installer struct {
	Cluster     Cluster
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
