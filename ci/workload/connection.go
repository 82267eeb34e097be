package workload

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// Connection gives a connection the waits and Jobs of this package as methods, for those who take them by an interface.
type Connection struct{ lock.Locking }

// WaitReady, WaitStatefulSetsReady and RunJob are those of the room of workloads.
func (a Connection) WaitReady(ctx context.Context, namespace string, deployments []string, options Options) error {
	return WaitDeployments(ctx, a.Cluster, namespace, deployments, options)
}

func (a Connection) WaitStatefulSetsReady(ctx context.Context, namespace string, statefulSets []string, options Options) error {
	return WaitStatefulSets(ctx, a.Cluster, namespace, statefulSets, options)
}

func (a Connection) WaitDaemonSetsReady(ctx context.Context, namespace string, daemonSets []string, options Options) error {
	return WaitDaemonSets(ctx, a.Cluster, namespace, daemonSets, options)
}

func (a Connection) RunJob(ctx context.Context, job *cluster.Object, options JobOptions) (bool, error) {
	return RunJob(ctx, a.Cluster, job, options)
}

func (a Connection) EndJobs(ctx context.Context, namespace string, names ...string) error {
	return EndJobs(ctx, a.Cluster, namespace, names, Options{})
}
