// Package workload reads what runs in a namespace (Deployments, StatefulSets, DaemonSets, their pods, Jobs) into typed
// values, once for the whole pipeline: how many pods are asked for, which are ready, which are of the newest revision,
// what they run, and what keeps them from running. It waits for them, and runs Jobs.
//
// Whose fault it is that something does not get ready decides whether a wait ends at once or goes on: an image that does
// not exist is the release's, an eviction or a node that is still on its way is not. A budget counts only the time in
// which the API server answers.
package workload

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Snapshot is what runs in a namespace, at one look.
type Snapshot struct {
	Deployments []Deployment
	// Pods are all that the selector finds, whoever made them.
	Pods []Pod
}

// Deployment is a Deployment with its pods.
type Deployment struct {
	Name        string
	Labels      map[string]string
	Annotations map[string]string
	UID         types.UID
	Generation  int64
	// Desired is how many pods are asked for.
	Desired int
	// Ready and Available count pods of the newest ReplicaSet; Available ones were ready for minReadySeconds.
	Ready     int
	Available int
	// Complete is the rule of `kubectl rollout status`, made stricter: the controller has seen the newest specification,
	// all pods are of its ReplicaSet, as many as are asked for, and all of them are available.
	Complete bool
	// Pods are those of the newest ReplicaSet, but for those that end or have ended.
	Pods []Pod
	// Stale are the pods that are still there and are to go: terminating, or of an older ReplicaSet.
	Stale []Pod

	state state
}

// Read looks at the Deployments and the pods that the selector finds (kubectl's syntax; empty finds all).
func Read(ctx context.Context, api *cluster.Cluster, namespace, selector string) (Snapshot, error) {
	// In this order: a pod that is seen belongs to a ReplicaSet that was there before, or to none that is known.
	var deployments kinds.List[kinds.Deployment]
	if err := api.ListInto(ctx, "apps/v1", "Deployment", namespace, selector, &deployments); err != nil {
		return Snapshot{}, err
	}
	var sets kinds.List[kinds.ReplicaSet]
	if err := api.ListInto(ctx, "apps/v1", "ReplicaSet", namespace, selector, &sets); err != nil {
		return Snapshot{}, err
	}
	var pods kinds.List[kinds.Pod]
	if err := api.ListInto(ctx, "v1", "Pod", namespace, selector, &pods); err != nil {
		return Snapshot{}, err
	}
	return snapshotOf(deployments.Items, sets.Items, pods.Items), nil
}

func snapshotOf(deployments []kinds.Deployment, sets []kinds.ReplicaSet, pods []kinds.Pod) Snapshot {
	snapshot := Snapshot{Pods: podsOf(deployments, sets, pods)}
	for i := range deployments {
		snapshot.Deployments = append(snapshot.Deployments, deploymentOf(&deployments[i], sets, snapshot.Pods))
	}
	return snapshot
}

// Stale are the pods of Deployments that are still there and are to go: terminating, of an older ReplicaSet, or of a
// Deployment that is gone. Pods of Jobs and the like are not among them.
func (s Snapshot) Stale() []Pod {
	var stale []Pod
	for _, pod := range s.Pods {
		if pod.stale() {
			stale = append(stale, pod)
		}
	}
	return stale
}
