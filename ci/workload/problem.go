package workload

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// How long a problem may last before it ends a wait.
const (
	none        time.Duration = 0                // it does not get better by itself
	starting                  = time.Minute      // the node or the control plane tries again
	pulling                   = 90 * time.Second // the registry may recover
	terminating               = time.Minute      // pods that end give their quota back
	// Other pods may make room, and a cluster autoscaler says within a minute whether it nodeComing a node (its FAQ: 30 s in
	// small clusters, 60 s in large ones).
	scheduling = time.Minute
	// It is not the fault of what is waited for, so only the budget ends the wait.
	noFault time.Duration = math.MaxInt64
)

// problem is what keeps a pod from being created, started or ready.
type problem struct {
	pod       string // empty when it concerns no single pod
	container string // empty when it concerns no single container
	injected  bool   // whether the container is another's
	reason    string
	message   string
	tolerance time.Duration
	crashed   bool          // whether the container's last log lines tell more
	retry     time.Duration // how long the node may pause until it tries again
	restarts  int32         // of the container so far
	created   time.Time     // of the pod
}

// The kubelet's pauses: between two starts of a container or pulls of an image at most, and between two looks at a pod
// (k8s.io/kubernetes/pkg/kubelet/kubelet.go: MaxCrashLoopBackOff, MaxImageBackOff; its configuration: syncFrequency).
const (
	longestBackOff = 5 * time.Minute
	longestSync    = time.Minute
)

// unscheduled problems are those of a pod that has no place.
func (p problem) unscheduled() bool { return p.pod != "" && p.container == "" }

// object names whom the problem concerns.
func (p problem) object() string {
	switch {
	case p.pod == "":
		return ""
	case p.container == "":
		return fmt.Sprintf("Pod %q", p.pod)
	case p.injected:
		return fmt.Sprintf("Pod %q injected container %q", p.pod, p.container)
	}
	return fmt.Sprintf("Pod %q container %q", p.pod, p.container)
}

// podProblem finds what keeps a pod from running, by the pod's own status. Reasons are the kubelet's and the
// scheduler's (k8s.io/kubernetes/pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime, pkg/kubelet/container/sync_result.go).
// What ends or has ended is replaced, whatever its containers say. The workload's own containers come first: what others
// injected is not the fault of what is waited for.
func podProblem(pod Pod) (problem, bool) {
	if pod.Terminating || pod.Finished || hasCondition(pod.object.Status.Conditions, kinds.DisruptionTarget) {
		return problem{}, false
	}
	for _, condition := range pod.object.Status.Conditions {
		if condition.Type == kinds.PodScheduled && condition.Status == metav1.ConditionFalse {
			return problem{pod: pod.Name, reason: condition.Reason, message: condition.Message, tolerance: schedulingTolerance(condition.Message)}, true
		}
	}
	for _, injected := range []bool{false, true} {
		for _, status := range slices.Concat(pod.object.Status.InitContainerStatuses, pod.object.Status.ContainerStatuses) {
			found, ok := containerProblem(status)
			if !ok || pod.own.has(status.Name) == injected {
				continue
			}
			found.pod, found.container, found.restarts, found.created = pod.Name, status.Name, status.RestartCount, pod.Created
			if injected {
				found.injected, found.tolerance = true, noFault
			}
			return found, true
		}
	}
	return problem{}, false
}

// comingNodes are the taints of nodes that are on their way, or on their way back. Since Kubernetes 1.34 the scheduler says
// only that there are taints (https://github.com/kubernetes/kubernetes/pull/134740).
var comingNodes = []string{
	"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "node.kubernetes.io/network-unavailable",
	"node.cloudprovider.kubernetes.io/uninitialized", "untolerated taint(s)",
}

func schedulingTolerance(message string) time.Duration {
	if slices.ContainsFunc(comingNodes, func(taint string) bool { return strings.Contains(message, taint) }) {
		return noFault
	}
	return scheduling
}

func containerProblem(status kinds.ContainerStatus) (problem, bool) {
	waiting := status.State.Waiting
	if waiting == nil {
		return problem{}, false
	}
	found := problem{reason: waiting.Reason, message: waiting.Message, tolerance: none}
	switch waiting.Reason {
	case "", "ContainerCreating", "PodInitializing":
		return problem{}, false
	case "ErrImagePull", "ImagePullBackOff":
		found.reason, found.message = "ErrImagePull", pullCause(status.Image, waiting.Message)
		found.tolerance, found.retry = pullTolerance(waiting.Message), longestBackOff
	case "InvalidImageName", "ErrImageNeverPull":
	case "CreateContainerConfigError":
		found.retry = longestSync
		if strings.Contains(waiting.Message, "failed to sync") { // the node has not received the object yet
			found.tolerance = starting
		}
	case "CrashLoopBackOff":
		found.message, found.crashed, found.retry = exitCause(status), true, longestBackOff
	default: // CreateContainerError, RunContainerError and the like are tried again
		found.tolerance = starting
	}
	return found, true
}

// finalPulls are the registry answers that another attempt will not change. They are searched in the text of the
// container runtime, which names them by gRPC code, HTTP status or the distribution specification's words. Bare numbers
// are no use, since digests contain any.
var finalPulls = []string{
	"not found", "NotFound", "manifest unknown", "name unknown", "no match for platform",
	"denied", "401 Unauthorized", "403 Forbidden", "unauthorized", "insufficient_scope", "no basic auth credentials",
}

func pullTolerance(message string) time.Duration {
	for _, final := range finalPulls {
		if strings.Contains(message, final) {
			return none
		}
	}
	return pulling
}

// pullCause takes the kubelet's and the runtime's wrapping off the message of a failed pull.
func pullCause(image, message string) string {
	if _, cause, ok := strings.Cut(message, "ErrImagePull: "); ok {
		message = cause // Back-off pulling image "x": ErrImagePull: cause
	}
	if _, cause, ok := strings.Cut(message, " desc = "); ok {
		message = cause // rpc error: code = NotFound desc = cause
	}
	if strings.Contains(message, image) {
		return message
	}
	return fmt.Sprintf("image %s: %s", image, message)
}

// exitCause says how the container's last instance ended.
func exitCause(status kinds.ContainerStatus) string {
	last := status.LastTerminationState.Terminated
	if last == nil {
		return fmt.Sprintf("it keeps ending, %d restarts so far", status.RestartCount)
	}
	return fmt.Sprintf("%s, %d restarts so far", exitOf(last), status.RestartCount)
}

func exitOf(last *kinds.ContainerStateTerminated) string {
	cause := fmt.Sprintf("exit code %d", last.ExitCode)
	if last.Signal != 0 {
		cause = fmt.Sprintf("signal %d", last.Signal)
	}
	switch last.Reason {
	case "OOMKilled":
		cause = "it used more memory than its limit (OOMKilled)"
	case "Error", "Completed", "":
	default:
		cause += " (" + last.Reason + ")"
	}
	if last.Message != "" {
		cause += ": " + strings.TrimSpace(last.Message)
	}
	return cause
}

// ended says how a finished pod ended: Evicted: The node was low on resource: memory.
func ended(pod Pod) string {
	status := pod.object.Status
	text := cmp.Or(status.Reason, status.Phase)
	if status.Message != "" {
		text += ": " + status.Message
	}
	return text
}

// deploymentProblem finds what keeps a Deployment from creating its pods, by its own conditions. ProgressDeadlineExceeded
// is none: the controller counts the time in which nobody could do anything, too.
func deploymentProblem(deployment *kinds.Deployment, podsLeave bool) (problem, bool) {
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == kinds.DeploymentReplicaFailure && condition.Status == metav1.ConditionTrue {
			return problem{reason: condition.Reason, message: condition.Message, tolerance: createTolerance(condition.Message, podsLeave)}, true
		}
	}
	return problem{}, false
}

// createTolerance sorts the API server's refusals to create a pod.
func createTolerance(message string, podsLeave bool) time.Duration {
	switch {
	case strings.Contains(message, "error looking up service account"): // a new namespace gets its accounts a moment later
		return starting
	case strings.Contains(message, "exceeded quota") && podsLeave:
		return terminating
	case strings.Contains(message, "forbidden"), strings.Contains(message, "denied the request"), strings.Contains(message, "is invalid"):
		return none
	}
	return starting
}
