package workload

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// Messages as kubelet 1.34 with containerd, the scheduler and the ReplicaSet controller write them.
const (
	pullNotFound = `Back-off pulling image "ghcr.io/x/web@sha256:403": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image ` +
		`"ghcr.io/x/web@sha256:403": failed to resolve reference "ghcr.io/x/web@sha256:403": ghcr.io/x/web@sha256:403: not found`
	pullDenied = `failed to pull and unpack image "ghcr.io/x/web:1": failed to resolve reference "ghcr.io/x/web:1": failed to authorize: ` +
		`failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 403 Forbidden`
	pullPlatform = `rpc error: code = NotFound desc = failed to pull and unpack image "ghcr.io/x/web:1": no match for platform in manifest: not found`
	pullOverload = `rpc error: code = Unknown desc = failed to pull and unpack image "ghcr.io/x/web@sha256:404": failed to copy: httpReadSeeker: ` +
		`unexpected status code https://ghcr.io/v2/x/web/blobs/sha256:401403: 503 Service Unavailable`
	pullTimeout  = `Back-off pulling image "ghcr.io/x/web:1": ErrImagePull: rpc error: code = DeadlineExceeded desc = dial tcp: i/o timeout`
	noRoom       = `0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available`
	nodeNotReady = `0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }. preemption: 0/1 nodes are available`
	nodeTainted  = `0/1 nodes are available: 1 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/1 nodes are available`
	nodeOfOthers = `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }.`
	overQuota    = `pods "web-7d-x" is forbidden: exceeded quota: small, requested: limits.cpu=1, used: limits.cpu=0, limited: limits.cpu=500m`
	notSecure    = `pods "web-7d-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true`
	noAccount    = `pods "web-7d-" is forbidden: error looking up service account shop/web: serviceaccount "web" not found`
	hookDenied   = `admission webhook "policy.example" denied the request: images must be pinned`
	hookDown     = `Internal error occurred: failed calling webhook "policy.example": context deadline exceeded`
)

func waiting(reason, message string) *kinds.Pod {
	return withStatus(kinds.ContainerStatus{Name: "app", Image: "ghcr.io/x/web:1",
		State: kinds.ContainerState{Waiting: &kinds.ContainerStateWaiting{Reason: reason, Message: message}}})
}

func withStatus(status kinds.ContainerStatus) *kinds.Pod {
	pod := &kinds.Pod{Status: kinds.PodStatus{ContainerStatuses: []kinds.ContainerStatus{status}}}
	pod.Name = "web-1"
	return pod
}

func crashed(reason string, exitCode int32) *kinds.Pod {
	return withStatus(kinds.ContainerStatus{Name: "app", RestartCount: 2,
		State:                kinds.ContainerState{Waiting: &kinds.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 20s"}},
		LastTerminationState: kinds.ContainerState{Terminated: &kinds.ContainerStateTerminated{Reason: reason, ExitCode: exitCode}}})
}

func TestPodProblem(t *testing.T) {
	evicted := &kinds.Pod{Status: kinds.PodStatus{Phase: kinds.PodFailed, Reason: "Evicted", Message: "low on memory"}}
	initContainer := &kinds.Pod{Status: kinds.PodStatus{InitContainerStatuses: crashed("Error", 1).Status.ContainerStatuses,
		ContainerStatuses: waiting("PodInitializing", "").Status.ContainerStatuses}}
	told, disrupted, finished := crashed("Error", 1), crashed("Error", 1), crashed("Error", 1)
	told.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	disrupted.Status.Conditions = []kinds.Condition{{Type: kinds.DisruptionTarget, Status: metav1.ConditionTrue}}
	finished.Status.Phase = kinds.PodFailed
	tests := []struct {
		name      string
		pod       *kinds.Pod
		reason    string // empty: no trouble
		tolerance time.Duration
		message   string
	}{
		{"being created", waiting("ContainerCreating", ""), "", none, ""},
		{"running", withStatus(kinds.ContainerStatus{State: kinds.ContainerState{Running: &kinds.ContainerStateRunning{}}}), "", none, ""},
		{"image does not exist", waiting("ImagePullBackOff", pullNotFound), "ErrImagePull", none, "sha256:403: not found"},
		{"image is private", waiting("ErrImagePull", pullDenied), "ErrImagePull", none, "403 Forbidden"},
		{"image lacks the platform", waiting("ErrImagePull", pullPlatform), "ErrImagePull", none, "no match for platform"},
		{"registry overloaded", waiting("ErrImagePull", pullOverload), "ErrImagePull", pulling, "503 Service Unavailable"},
		{"registry out of reach", waiting("ImagePullBackOff", pullTimeout), "ErrImagePull", pulling, "image ghcr.io/x/web:1: dial tcp: i/o timeout"},
		{"image name", waiting("InvalidImageName", `couldn't parse image name "x//y"`), "InvalidImageName", none, "x//y"},
		{"secret missing", waiting("CreateContainerConfigError", `secret "database-secrets" not found`), "CreateContainerConfigError", none, "database-secrets"},
		{"node lags behind", waiting("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition"), "CreateContainerConfigError", starting, "sync"},
		{"runtime hiccup", waiting("CreateContainerError", "context deadline exceeded"), "CreateContainerError", starting, "deadline"},
		{"crash loop", crashed("Error", 3), "CrashLoopBackOff", none, "exit code 3, 2 restarts so far"},
		{"out of memory", crashed("OOMKilled", 137), "CrashLoopBackOff", none, "more memory than its limit"},
		{"cannot execute", crashed("StartError", 128), "CrashLoopBackOff", none, "exit code 128 (StartError)"},
		{"crash loop of an init container", initContainer, "CrashLoopBackOff", none, "exit code 1"},
		{"no room", unscheduledPod(), "Unschedulable", scheduling, "Insufficient cpu"},
		{"evicted", evicted, "", none, ""},
		{"told to end", told, "", none, ""},
		{"being evicted", disrupted, "", none, ""},
		{"has ended", finished, "", none, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, ok := podProblem(podOf(test.pod, nil))
			assert.Equal(t, test.reason != "", ok)
			assert.Equal(t, test.reason, found.reason)
			assert.Equal(t, test.tolerance, found.tolerance)
			assert.Contains(t, found.message, test.message)
			assert.NotContains(t, found.message, "rpc error")
		})
	}
}

func TestDeploymentProblem(t *testing.T) {
	tests := []struct {
		name      string
		message   string
		leaving   bool
		tolerance time.Duration
	}{
		{"quota", overQuota, false, none},
		{"quota that leaving pods give back", overQuota, true, terminating},
		{"Pod Security", notSecure, true, none},
		{"account not there yet", noAccount, false, starting},
		{"refused by a webhook", hookDenied, false, none},
		{"webhook out of order", hookDown, false, starting},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			deployment := &kinds.Deployment{Status: kinds.DeploymentStatus{Conditions: []kinds.Condition{
				{Type: kinds.DeploymentReplicaFailure, Status: metav1.ConditionTrue, Reason: "FailedCreate", Message: test.message}}}}
			found, ok := deploymentProblem(deployment, test.leaving)
			assert.True(t, ok)
			assert.Equal(t, problem{reason: "FailedCreate", message: test.message, tolerance: test.tolerance}, found)
		})
	}
	_, ok := deploymentProblem(&kinds.Deployment{}, false)
	assert.False(t, ok)
}

func TestComplete(t *testing.T) {
	three := int32(3)
	done := kinds.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 3, AvailableReplicas: 3}
	tests := []struct {
		name   string
		change func(*kinds.Deployment)
		want   bool
	}{
		{"done", func(*kinds.Deployment) {}, true},
		{"not seen yet", func(d *kinds.Deployment) { d.Generation = 3 }, false},
		{"old replicas left", func(d *kinds.Deployment) { d.Status.Replicas = 4 }, false},
		{"not all updated", func(d *kinds.Deployment) { d.Status.UpdatedReplicas = 2 }, false},
		{"not all available", func(d *kinds.Deployment) { d.Status.AvailableReplicas = 2 }, false},
		{"scaled up meanwhile", func(d *kinds.Deployment) { four := int32(4); d.Spec.Replicas = &four }, false},
		{"one by default", func(d *kinds.Deployment) {
			d.Spec.Replicas = nil
			d.Status = kinds.DeploymentStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}
		}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			deployment := &kinds.Deployment{Spec: kinds.WorkloadSpec{Replicas: &three}, Status: done}
			deployment.Generation = 2
			test.change(deployment)
			assert.Equal(t, test.want, complete(deployment))
		})
	}
}
