package cluster

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// patience is how long a trouble may last before it ends a wait.
type patience string

const (
	none       patience = "none"       // it does not get better by itself
	starting   patience = "starting"   // the node or the control plane tries again
	pulling    patience = "pulling"    // the registry may recover
	scheduling patience = "scheduling" // other pods may make room
	leaving    patience = "leaving"    // pods that are on their way out give their quota back
)

// trouble is what keeps a pod from being created, started or ready.
type trouble struct {
	pod       string // empty when it concerns no single pod
	container string // empty when it concerns no single container
	reason    string
	message   string
	patience  patience
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

// object names whom the trouble concerns.
func (t trouble) object() string {
	switch {
	case t.pod == "":
		return ""
	case t.container == "":
		return fmt.Sprintf("Pod %q", t.pod)
	}
	return fmt.Sprintf("Pod %q container %q", t.pod, t.container)
}

// podTrouble finds what keeps a pod from running, by the pod's own status. Reasons are the kubelet's and the
// scheduler's (k8s.io/kubernetes/pkg/kubelet/images/types.go, pkg/kubelet/kuberuntime, pkg/kubelet/container/sync_result.go).
func podTrouble(pod *kinds.Pod) (trouble, bool) {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == kinds.PodScheduled && condition.Status == metav1.ConditionFalse {
			return trouble{pod: pod.Name, reason: condition.Reason, message: condition.Message, patience: scheduling}, true
		}
	}
	for _, statuses := range [][]kinds.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for _, status := range statuses {
			if found, ok := containerTrouble(status); ok {
				found.pod, found.container, found.restarts = pod.Name, status.Name, status.RestartCount
				found.created = pod.CreationTimestamp.Time
				return found, true
			}
		}
	}
	if pod.Status.Phase == kinds.PodFailed && pod.Status.Reason != "" { // evicted, or refused by its node
		return trouble{pod: pod.Name, reason: pod.Status.Reason, message: pod.Status.Message, patience: starting}, true
	}
	return trouble{}, false
}

func containerTrouble(status kinds.ContainerStatus) (trouble, bool) {
	waiting := status.State.Waiting
	if waiting == nil {
		return trouble{}, false
	}
	found := trouble{reason: waiting.Reason, message: waiting.Message, patience: none}
	switch waiting.Reason {
	case "", "ContainerCreating", "PodInitializing":
		return trouble{}, false
	case "ErrImagePull", "ImagePullBackOff":
		found.reason, found.message = "ErrImagePull", pullCause(status.Image, waiting.Message)
		found.patience, found.retry = pullPatience(waiting.Message), longestBackOff
	case "InvalidImageName", "ErrImageNeverPull":
	case "CreateContainerConfigError":
		found.retry = longestSync
		if strings.Contains(waiting.Message, "failed to sync") { // the node has not received the object yet
			found.patience = starting
		}
	case "CrashLoopBackOff":
		found.message, found.crashed, found.retry = exitCause(status), true, longestBackOff
	default: // CreateContainerError, RunContainerError and the like are tried again
		found.patience = starting
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

func pullPatience(message string) patience {
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
	return fmt.Sprintf("%s, %d restarts so far", cause, status.RestartCount)
}

// deploymentTrouble finds what keeps a Deployment from creating its pods, by its own conditions.
func deploymentTrouble(deployment *kinds.Deployment, podsLeaving bool) (trouble, bool) {
	for _, condition := range deployment.Status.Conditions {
		switch {
		case condition.Type == kinds.DeploymentReplicaFailure && condition.Status == metav1.ConditionTrue:
			return trouble{reason: condition.Reason, message: condition.Message, patience: createPatience(condition.Message, podsLeaving)}, true
		case condition.Type == kinds.DeploymentProgressing && condition.Reason == "ProgressDeadlineExceeded":
			return trouble{reason: condition.Reason, message: condition.Message, patience: starting}, true
		}
	}
	return trouble{}, false
}

// createPatience sorts the API server's refusals to create a pod.
func createPatience(message string, podsLeaving bool) patience {
	switch {
	case strings.Contains(message, "error looking up service account"): // a new namespace gets its accounts a moment later
		return starting
	case strings.Contains(message, "exceeded quota") && podsLeaving:
		return leaving
	case strings.Contains(message, "forbidden"), strings.Contains(message, "denied the request"), strings.Contains(message, "is invalid"):
		return none
	}
	return starting
}

// remedies are what to do about a reason, where its message does not say it.
var remedies = map[string]string{
	"ErrImagePull":               "check that the image was published and that the cluster may pull it",
	"InvalidImageName":           "correct the image's name",
	"CreateContainerConfigError": "create the Secret or ConfigMap that it names",
	"CrashLoopBackOff":           "its last log lines say why",
	"FailedCreate":               "raise the quota or change what the rule refuses",
	"Unschedulable":              "add nodes, or lower the requests of the pods",
}
