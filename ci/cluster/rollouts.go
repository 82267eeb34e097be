package cluster

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// revisionAnnotation is where the Deployment controller counts revisions, on Deployments and ReplicaSets alike.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// rollout is how far a Deployment, StatefulSet or DaemonSet has come, at one look.
type rollout struct {
	kind     string
	name     string
	desired  int32
	ready    int32 // of the newest revision
	old      int32 // replicas of earlier revisions
	complete bool
	pods     []kinds.Pod // of the newest revision
	troubles []trouble
}

func (r rollout) pending() bool { return !r.complete }

// String is a line of progress: dashboard-green 2/3 ready, 1 old.
func (r rollout) String() string {
	line := fmt.Sprintf("%s %d/%d ready", r.name, r.ready, r.desired)
	if r.old > 0 {
		line += fmt.Sprintf(", %d old", r.old)
	}
	if r.pending() && len(r.troubles) > 0 {
		line += ": " + r.troubles[0].reason
	}
	return line
}

func (r rollout) describe(namespace string) string {
	return fmt.Sprintf("%s %q in namespace %q", r.kind, r.name, namespace)
}

// rollouts looks at Deployments, and at the pods of those that are not complete yet.
func (c *Cluster) rollouts(ctx context.Context, namespace string, names []string) ([]rollout, error) {
	var deployments kinds.List[kinds.Deployment]
	if err := c.listInto(ctx, "apps/v1", "Deployment", namespace, nil, &deployments); err != nil {
		return nil, err
	}
	wanted, err := named("Deployment", namespace, names, deployments.Items)
	if err != nil {
		return nil, err
	}
	var sets kinds.List[kinds.ReplicaSet]
	var pods kinds.List[kinds.Pod]
	if slices.ContainsFunc(wanted, func(d *kinds.Deployment) bool { return !complete(d) }) {
		if err := c.listInto(ctx, "apps/v1", "ReplicaSet", namespace, nil, &sets); err != nil {
			return nil, err
		}
		if err := c.listInto(ctx, "v1", "Pod", namespace, nil, &pods); err != nil {
			return nil, err
		}
	}
	states := make([]rollout, len(wanted))
	for i, deployment := range wanted {
		states[i] = look(deployment, sets.Items, pods.Items)
	}
	return states, nil
}

// look judges one Deployment by its own status and that of its newest revision's pods: the troubles of older pods are
// what the rollout is about to end.
func look(deployment *kinds.Deployment, sets []kinds.ReplicaSet, pods []kinds.Pod) rollout {
	state := rollout{kind: "Deployment", name: deployment.Name, desired: desiredReplicas(deployment), complete: complete(deployment)}
	if state.complete {
		state.ready = deployment.Status.AvailableReplicas
		return state
	}
	if deployment.Status.ObservedGeneration < deployment.Generation {
		return state // nothing says yet which ReplicaSet is the newest
	}
	var leaving int
	for _, set := range sets {
		if !ownedBy(set.ObjectMeta, deployment.UID) {
			continue
		}
		newest := set.Annotations[revisionAnnotation] == deployment.Annotations[revisionAnnotation]
		if newest {
			state.ready = set.Status.AvailableReplicas
		} else {
			state.old += set.Status.Replicas
		}
		for _, pod := range pods {
			switch {
			case !ownedBy(pod.ObjectMeta, set.UID):
			case pod.DeletionTimestamp != nil || !newest:
				leaving++
			default:
				state.pods = append(state.pods, pod)
			}
		}
		if newest && set.Status.ObservedGeneration < set.Generation {
			return state // conditions and pods are of an earlier specification
		}
	}
	if found, ok := deploymentTrouble(deployment, leaving > 0); ok {
		state.troubles = append(state.troubles, found)
	}
	state.addPodTroubles()
	return state
}

// addPods takes in the pods of an owner that are not ending, and what troubles them.
func (r *rollout) addPods(owner types.UID, pods []kinds.Pod) {
	for _, pod := range pods {
		if ownedBy(pod.ObjectMeta, owner) && pod.DeletionTimestamp == nil {
			r.pods = append(r.pods, pod)
		}
	}
	r.addPodTroubles()
}

func (r *rollout) addPodTroubles() {
	for _, pod := range r.pods {
		if found, ok := podTrouble(&pod); ok {
			r.troubles = append(r.troubles, found)
		}
	}
}

// named picks those that are waited for, in the order of their names; one that does not exist is an error.
func named[T any, P interface {
	*T
	metav1.Object
}](kind, namespace string, names []string, all []T) ([]P, error) {
	found := make([]P, len(names))
	for i, name := range names {
		at := slices.IndexFunc(all, func(object T) bool { return P(&object).GetName() == name })
		if at < 0 {
			return nil, &WaitError{Object: rollout{kind: kind, name: name}.describe(namespace), Reason: "NotFound", Message: "it does not exist"}
		}
		found[i] = &all[at]
	}
	return found, nil
}

func ownedBy(meta metav1.ObjectMeta, owner types.UID) bool {
	return slices.ContainsFunc(meta.OwnerReferences, func(reference metav1.OwnerReference) bool { return reference.UID == owner })
}
