package workload

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// revisionAnnotation is where the Deployment controller counts revisions, on Deployments and ReplicaSets alike.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// deploymentOf judges a Deployment by its own status and that of its newest ReplicaSet's pods: the problems of older pods
// are what the rollout is about to end.
func deploymentOf(object *kinds.Deployment, sets []kinds.ReplicaSet, pods []Pod) Deployment {
	deployment := Deployment{
		Name: object.Name, Labels: object.Labels, Annotations: object.Annotations, UID: object.UID, Generation: object.Generation,
		Desired: replicas(object.Spec), Complete: complete(object),
	}
	newest, old := newestSet(object, sets), 0
	var finished []Pod
	for _, set := range sets {
		if !ownedBy(set.ObjectMeta, object.UID) {
			continue
		}
		if newest != nil && set.UID != newest.UID {
			old += int(set.Status.Replicas)
		}
		for _, pod := range pods {
			switch {
			case pod.owner != set.UID:
			case pod.Current && pod.Finished:
				finished = append(finished, pod)
			case pod.stale():
				deployment.Stale = append(deployment.Stale, pod)
			case pod.Current && !pod.Terminating:
				deployment.Pods = append(deployment.Pods, pod)
			}
		}
	}
	deployment.Ready = countReady(deployment.Pods)
	if newest != nil {
		deployment.Available = int(newest.Status.AvailableReplicas)
	}
	deployment.state = state{kind: "Deployment", name: object.Name, desired: deployment.Desired, ready: deployment.Available, old: old,
		complete: deployment.Complete, pods: deployment.Pods, finished: finished}
	if newest != nil && newest.Status.ObservedGeneration >= newest.Generation { // else conditions and pods are of an earlier specification
		deployment.state.findProblems()
		if found, ok := deploymentProblem(object, len(deployment.Stale) > 0); ok {
			deployment.state.problems = slices.Insert(deployment.state.problems, 0, found)
		}
	}
	return deployment
}

// newestSet is the ReplicaSet of the Deployment's newest specification; nil while nothing says yet which one that is.
func newestSet(deployment *kinds.Deployment, sets []kinds.ReplicaSet) *kinds.ReplicaSet {
	if deployment.Status.ObservedGeneration < deployment.Generation {
		return nil
	}
	for i := range sets {
		if ownedBy(sets[i].ObjectMeta, deployment.UID) && sets[i].Annotations[revisionAnnotation] == deployment.Annotations[revisionAnnotation] {
			return &sets[i]
		}
	}
	return nil
}

func complete(deployment *kinds.Deployment) bool {
	status, desired := deployment.Status, int32(replicas(deployment.Spec))
	return status.ObservedGeneration >= deployment.Generation &&
		status.UpdatedReplicas == desired && status.Replicas == desired && status.AvailableReplicas == desired
}

// replicas is the number of pods that is asked for; absent means one.
func replicas(spec kinds.WorkloadSpec) int {
	if spec.Replicas == nil {
		return 1
	}
	return int(*spec.Replicas)
}

func countReady(pods []Pod) int {
	ready := 0
	for _, pod := range pods {
		if pod.Ready {
			ready++
		}
	}
	return ready
}

// deploymentStates looks at Deployments, and at the pods of those that are not complete yet.
func deploymentStates(ctx context.Context, api *cluster.Cluster, namespace string, names []string) ([]state, error) {
	var deployments kinds.List[kinds.Deployment]
	if err := api.ListInto(ctx, "apps/v1", "Deployment", namespace, "", &deployments); err != nil {
		return nil, err
	}
	wanted, err := named("Deployment", namespace, names, deployments.Items)
	if err != nil {
		return nil, err
	}
	var sets kinds.List[kinds.ReplicaSet]
	var pods kinds.List[kinds.Pod]
	if slices.ContainsFunc(wanted, func(d kinds.Deployment) bool { return !complete(&d) }) {
		if err := api.ListInto(ctx, "apps/v1", "ReplicaSet", namespace, "", &sets); err != nil {
			return nil, err
		}
		if err := api.ListInto(ctx, "v1", "Pod", namespace, "", &pods); err != nil {
			return nil, err
		}
	}
	states := make([]state, len(wanted))
	for i, deployment := range snapshotOf(wanted, sets.Items, pods.Items).Deployments {
		states[i] = deployment.state
		if deployment.Complete {
			states[i].ready = deployment.Desired
		}
	}
	return states, nil
}
