package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// lastLines is how many log lines an error shows.
const lastLines = 20

// causes asks the cluster why something is as it is.
type causes struct {
	api       *cluster.Cluster
	namespace string
	promised  map[string]bool // the pods for which a node is on its way
}

func newCauses(api *cluster.Cluster, namespace string) causes {
	return causes{api: api, namespace: namespace, promised: map[string]bool{}}
}

// waitError words a problem, with the last log lines of the workload's own container when that crashed.
func (c causes) waitError(ctx context.Context, object string, found problem) *WaitError {
	failure := &WaitError{Object: object, Reason: found.reason, Message: found.message}
	if found.pod != "" {
		failure.Object += ", " + found.object()
	}
	switch {
	case found.injected:
		failure.Message += "; look at what injects this container, the manifests do not have it"
	case found.crashed:
		failure.Logs = c.lastLog(ctx, found.pod, found.container)
	}
	return failure
}

// lastLog reads the end of what a crashed container wrote: of the instance before the last restart, or, when the
// node has dropped that one already, of the present one. Without either the error has to do without.
func (c causes) lastLog(ctx context.Context, pod, container string) string {
	options := cluster.LogOptions{Container: container, Tail: lastLines, Previous: true}
	logs, err := c.api.Logs(ctx, c.namespace, pod, options)
	if err != nil || strings.TrimSpace(logs) == "" {
		options.Previous = false
		logs, _ = c.api.Logs(ctx, c.namespace, pod, options)
	}
	return strings.TrimRight(logs, "\n")
}

// promises are the events by which the autoscalers of the cluster say that a node is on its way for a pod: the cluster
// autoscaler's and Karpenter's.
var promises = []string{"TriggeredScaleUp", "Nominated"}

// nodeComing reports whether a node is on its way for a pod that has no place yet, or whether nobody can tell just now.
func (c causes) nodeComing(ctx context.Context, found problem) bool {
	if !found.unscheduled() || c.promised[found.pod] {
		return c.promised[found.pod]
	}
	events, err := c.api.Events(ctx, c.pod(found.pod), kinds.EventTypeNormal)
	if err != nil {
		return cluster.IsTransient(err)
	}
	c.promised[found.pod] = slices.ContainsFunc(events, func(event cluster.Event) bool { return slices.Contains(promises, event.Reason) })
	return c.promised[found.pod]
}

func (c causes) pod(name string) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Pod", Namespace: c.namespace, Name: name}
}

// outOfTime says what the wait was waiting for when its budget ran out.
func (c causes) outOfTime(ctx context.Context, states []state, budget time.Duration) *WaitError {
	state := states[slices.IndexFunc(states, state.pending)]
	failure := &WaitError{Object: state.describe(c.namespace), Reason: "NotReady",
		Message: fmt.Sprintf("%d/%d ready after %s", state.ready, state.desired, budget)}
	if len(state.problems) > 0 {
		cause := c.waitError(ctx, failure.Object, state.problems[0])
		cause.Message += " (" + failure.Message + ")"
		return cause
	}
	if at := slices.IndexFunc(state.pods, func(pod Pod) bool { return !pod.Ready }); at >= 0 {
		c.blame(ctx, failure, state.pods[at])
	}
	if last := len(state.finished) - 1; last >= 0 {
		failure.Message += fmt.Sprintf("; %d pods ended, the last one: %s", last+1, ended(state.finished[last]))
	}
	return failure
}

// blame names a pod that is not ready, with what its probes saw and what its own container wrote.
func (c causes) blame(ctx context.Context, failure *WaitError, pod Pod) {
	failure.Object += fmt.Sprintf(", Pod %q", pod.Name)
	warnings, err := c.api.Events(ctx, c.pod(pod.Name), kinds.EventTypeWarning)
	if err == nil && len(warnings) > 0 {
		failure.Message += ": " + warnings[len(warnings)-1].Message
	}
	container, own := pod.unready()
	if !own {
		failure.Object += fmt.Sprintf(" injected container %q", container)
		return
	}
	logs, _ := c.api.Logs(ctx, c.namespace, pod.Name, cluster.LogOptions{Container: container, Tail: lastLines})
	failure.Logs = strings.TrimRight(logs, "\n")
}

// unready is the container that keeps the pod from being ready: one of the workload's own if any is not ready, else one
// that others injected. A pod that says nothing of its containers is blamed on its first own one.
func (p Pod) unready() (name string, own bool) {
	for _, own := range []bool{true, false} {
		for _, status := range p.object.Status.ContainerStatuses {
			if p.own.has(status.Name) == own && !status.Ready {
				return status.Name, own
			}
		}
	}
	for _, container := range p.object.Spec.Containers {
		if p.own.has(container.Name) {
			return container.Name, true
		}
	}
	return "", true
}
