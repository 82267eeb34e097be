package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// lastLines is how many log lines an error shows.
const lastLines = 20

// waitError words a trouble, with the last log lines of a container that crashed.
func (c *Cluster) waitError(ctx context.Context, namespace, object string, found trouble) *WaitError {
	failure := &WaitError{Object: object, Reason: found.reason, Message: found.message}
	if found.pod != "" {
		failure.Object += ", " + found.object()
	}
	if found.crashed {
		failure.Logs = c.lastLog(ctx, namespace, found.pod, found.container)
	}
	return failure
}

// lastLog reads the end of what a crashed container wrote: of the instance before the last restart, or, when the
// node has dropped that one already, of the present one. Without either the error has to do without.
func (c *Cluster) lastLog(ctx context.Context, namespace, pod, container string) string {
	options := LogOptions{Container: container, Tail: lastLines, Previous: true}
	logs, err := c.Logs(ctx, namespace, pod, options)
	if err != nil || strings.TrimSpace(logs) == "" {
		options.Previous = false
		logs, _ = c.Logs(ctx, namespace, pod, options)
	}
	return strings.TrimRight(logs, "\n")
}

// scalesUp reports whether a cluster autoscaler has promised a node for a pod that has no place yet.
func (c *Cluster) scalesUp(ctx context.Context, namespace string, found trouble) bool {
	if found.patience != scheduling {
		return false
	}
	ref := Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: found.pod}
	events, err := c.events(ctx, ref, kinds.EventTypeNormal)
	return err == nil && slices.ContainsFunc(events, func(event Event) bool { return event.Reason == "TriggeredScaleUp" })
}

// outOfTime says what the wait was waiting for when its budget ran out.
func (c *Cluster) outOfTime(ctx context.Context, namespace string, states []rollout, budget time.Duration) *WaitError {
	at := slices.IndexFunc(states, rollout.pending)
	state := states[at]
	failure := &WaitError{Object: state.describe(namespace), Reason: "NotReady",
		Message: fmt.Sprintf("%d/%d ready after %s", state.ready, state.desired, budget)}
	if len(state.troubles) > 0 {
		cause := c.waitError(ctx, namespace, failure.Object, state.troubles[0])
		cause.Message += " (" + failure.Message + ")"
		return cause
	}
	for _, pod := range state.pods {
		if isReady(&pod) {
			continue
		}
		failure.Object += fmt.Sprintf(", Pod %q", pod.Name)
		if event, ok := c.lastWarning(ctx, namespace, pod.Name); ok {
			failure.Message += ": " + event.Message
		}
		if len(pod.Spec.Containers) > 0 {
			failure.Logs, _ = c.Logs(ctx, namespace, pod.Name, LogOptions{Container: pod.Spec.Containers[0].Name, Tail: lastLines})
			failure.Logs = strings.TrimRight(failure.Logs, "\n")
		}
		break
	}
	return failure
}

func (c *Cluster) lastWarning(ctx context.Context, namespace, pod string) (Event, bool) {
	events, err := c.Warnings(ctx, Ref{APIVersion: "v1", Kind: "Pod", Namespace: namespace, Name: pod})
	if err != nil || len(events) == 0 {
		return Event{}, false
	}
	return events[len(events)-1], true
}

func isReady(pod *kinds.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition kinds.Condition) bool {
		return condition.Type == kinds.PodReady && condition.Status == metav1.ConditionTrue
	})
}
