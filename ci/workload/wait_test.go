package workload

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// shop is a namespace with one Deployment `web`, as its controllers would keep it.
type shop struct {
	*server
	t *testing.T
}

func newShop(t *testing.T) shop { return shop{server: newServer(), t: t} }

var (
	errGivenUp = errors.New("given up")
	errRefused = error(syscall.ECONNREFUSED)
)

// deployment stores the Deployment with its status: revision 2 is the newest one.
func (s shop) deployment(desired, available int, conditions ...any) {
	if conditions == nil {
		conditions = []any{}
	}
	s.put(s.t, "/apis/apps/v1/namespaces/shop/deployments/web", map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment",
		"metadata": map[string]any{"name": "web", "uid": "d", "generation": 1, "annotations": map[string]any{revisionAnnotation: "2"}},
		"spec":     map[string]any{"replicas": desired},
		"status": map[string]any{"observedGeneration": 1, "replicas": desired, "updatedReplicas": desired,
			"availableReplicas": available, "conditions": conditions},
	})
	s.replicaSet("new", "2", available)
}

func (s shop) replicaSet(name, revision string, available int) {
	s.put(s.t, "/apis/apps/v1/namespaces/shop/replicasets/"+name, map[string]any{
		"apiVersion": "apps/v1", "kind": "ReplicaSet",
		"metadata": map[string]any{"name": name, "uid": name, "annotations": map[string]any{revisionAnnotation: revision},
			"ownerReferences": []any{map[string]any{"kind": "Deployment", "uid": "d"}}},
		"spec":   map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "app"}}}}},
		"status": map[string]any{"availableReplicas": available, "replicas": 1},
	})
}

// pod stores a new pod of a ReplicaSet.
func (s shop) pod(name, set string, pod *kinds.Pod) {
	s.podSince(name, set, pod, time.Now())
}

// oldPod stores a pod that was there long before the test.
func (s shop) oldPod(name, set string, pod *kinds.Pod) {
	s.podSince(name, set, pod, time.Now().Add(-time.Hour))
}

func (s shop) podSince(name, set string, pod *kinds.Pod, created time.Time) {
	s.put(s.t, "/api/v1/namespaces/shop/pods/"+name, map[string]any{
		"apiVersion": "v1", "kind": "Pod",
		"metadata": map[string]any{"name": name, "uid": name, "creationTimestamp": created.UTC().Format(time.RFC3339),
			"ownerReferences": []any{map[string]any{"kind": "ReplicaSet", "uid": set}}},
		"spec":   map[string]any{"containers": []any{map[string]any{"name": "sidecar"}, map[string]any{"name": "app"}}},
		"status": pod.Status,
	})
}

func (s shop) event(kind, name, eventType, reason, message string) {
	s.put(s.t, "/api/v1/namespaces/shop/events/"+name+reason, map[string]any{
		"apiVersion": "v1", "kind": "Event", "metadata": map[string]any{"name": name + reason},
		"involvedObject": map[string]any{"kind": kind, "name": name}, "type": eventType, "reason": reason, "message": message,
	})
}

func (s shop) wait(options Options) error {
	return WaitDeployments(s.t.Context(), s.Cluster, "shop", []string{"web"}, options)
}

func TestWaitDeployments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(2, 0)
		time.AfterFunc(10*time.Second, func() { s.deployment(2, 1) })
		time.AfterFunc(20*time.Second, func() { s.deployment(2, 2) })
		var lines []string
		start := time.Now()
		require.NoError(t, s.wait(Options{Progress: func(line string) { lines = append(lines, line) }}))
		assert.Equal(t, []string{"web 0/2 ready", "web 1/2 ready", "web 2/2 ready"}, lines)
		assert.WithinDuration(t, start.Add(20*time.Second), time.Now(), time.Second)
	})
}

// Until the controller has seen a change, its status and its pods are those of before.
func TestWaitDeploymentsForAChangeNotSeenYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(1, 1)
		s.pod("web-1", "new", crashed("Error", 1))
		s.set(t, "/apis/apps/v1/namespaces/shop/deployments/web", int64(2), "metadata", "generation")
		time.AfterFunc(10*time.Second, func() {
			s.pod("web-1", "new", &kinds.Pod{})
			s.deployment(1, 1)
		})
		var lines []string
		require.NoError(t, s.wait(Options{Progress: func(line string) { lines = append(lines, line) }}))
		assert.Equal(t, []string{"web 0/1 ready", "web 1/1 ready"}, lines)
	})
}

// An API server that is away costs neither the budget nor the tolerance of what it said before.
func TestWaitDeploymentsOutlivesAnOutage(t *testing.T) {
	tests := []struct {
		name   string
		pod    *kinds.Pod
		outage time.Duration
		ready  time.Duration // zero: never
		reason string        // empty: the wait succeeds
		after  time.Duration
	}{
		{"of five minutes", &kinds.Pod{}, 5 * time.Minute, 5*time.Minute + 45*time.Second, "", 5*time.Minute + 45*time.Second},
		{"but no longer than its budget", &kinds.Pod{}, 5 * time.Minute, 0, "NotReady", 6 * time.Minute},
		{"with a problem that is tolerated", unscheduledPod(), 5 * time.Minute, 5*time.Minute + 45*time.Second, "", 5*time.Minute + 45*time.Second},
		{"that does not end", &kinds.Pod{}, time.Hour, 0, "away", 10*time.Second + longestOutage},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.deployment(1, 0)
				s.pod("web-1", "new", test.pod)
				s.outage(10*time.Second, test.outage, errRefused)
				if test.ready > 0 {
					time.AfterFunc(test.ready, func() { s.deployment(1, 1) })
				}
				start := time.Now()
				err := s.wait(Options{Budget: time.Minute})
				assert.WithinDuration(t, start.Add(test.after), time.Now(), 20*time.Second)
				var failure *WaitError
				switch test.reason {
				case "":
					require.NoError(t, err)
				case "away":
					require.ErrorIs(t, err, cluster.ErrUnreachable)
				default:
					require.ErrorAs(t, err, &failure)
					assert.Equal(t, test.reason, failure.Reason)
				}
				synctest.Wait()
			})
		})
	}
}

// Requests outlast short outages; the time counts for little then.
func TestWaitDeploymentsOutlivesShortOutages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(1, 0)
		for n := range 4 {
			s.outage(time.Duration(n)*12*time.Second+time.Second, 9*time.Second, errRefused)
		}
		time.AfterFunc(50*time.Second, func() { s.deployment(1, 1) })
		require.NoError(t, s.wait(Options{Budget: 40 * time.Second}))
	})
}

// An API server that has just started has not read the roles yet.
func TestWaitDeploymentsRefused(t *testing.T) {
	refusal := answer("/deployments", 403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"User cannot list"}`)
	t.Run("after an outage", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t)
			s.deployment(1, 0)
			s.outage(time.Second, time.Minute, errRefused)
			time.AfterFunc(time.Minute+time.Second, func() { s.fail(refusal, refusal) })
			time.AfterFunc(2*time.Minute, func() { s.deployment(1, 1) })
			require.NoError(t, s.wait(Options{}))
		})
	})
	t.Run("without one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t)
			s.deployment(1, 0)
			time.AfterFunc(time.Minute, func() { s.fail(refusal) })
			start := time.Now()
			assert.True(t, cluster.IsForbidden(s.wait(Options{})))
			assert.WithinDuration(t, start.Add(time.Minute), time.Now(), time.Second)
		})
	})
}

func TestWaitDeploymentsEndsAtOnce(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(shop)
		want    WaitError
		text    string
	}{
		{"image not found",
			func(s shop) { s.pod("web-1", "new", waiting("ErrImagePull", pullNotFound)) },
			WaitError{Object: `Deployment "web" in namespace "shop", Pod "web-1" container "app"`, Reason: "ErrImagePull",
				Message: "image ghcr.io/x/web:1: " + pullNotFound[strings.Index(pullNotFound, "failed to pull"):]},
			"check that the image was published"},
		{"crash loop",
			func(s shop) {
				s.pod("web-1", "new", crashed("Error", 3))
				s.fail(answer("/pods/web-1/log", 200, "starting\nno such table\n"))
			},
			WaitError{Object: `Deployment "web" in namespace "shop", Pod "web-1" container "app"`, Reason: "CrashLoopBackOff",
				Message: "exit code 3, 2 restarts so far", Logs: "starting\nno such table"},
			"its last log lines say why:\n    starting\n    no such table"},
		{"quota",
			func(s shop) {
				s.deployment(1, 0, map[string]any{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": overQuota})
			},
			WaitError{Object: `Deployment "web" in namespace "shop"`, Reason: "FailedCreate", Message: overQuota},
			"raise the quota"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.deployment(1, 0)
				test.arrange(s)
				start := time.Now()
				err := s.wait(Options{})
				var failure *WaitError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, test.want, *failure)
				assert.ErrorContains(t, err, test.text)
				assert.Equal(t, start, time.Now())
			})
		})
	}
}

func TestWaitDeploymentsTolerates(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(shop)
		reason  string
		after   time.Duration
	}{
		{"registry overloaded", func(s shop) { s.pod("web-1", "new", waiting("ErrImagePull", pullOverload)) }, "ErrImagePull", 90 * time.Second},
		{"no room", func(s shop) { s.pod("web-1", "new", unscheduledPod()) }, "Unschedulable", time.Minute},
		{"no room, but a node is coming", func(s shop) {
			s.pod("web-1", "new", unscheduledPod())
			s.event("Pod", "web-1", "Normal", "TriggeredScaleUp", "pod triggered scale-up")
		}, "Unschedulable", 5 * time.Minute},
		{"no room, but Karpenter nodeComing a node", func(s shop) {
			s.pod("web-1", "new", unscheduledPod())
			s.event("Pod", "web-1", "Normal", "Nominated", "Pod should schedule on: nodeclaim/default-x")
		}, "Unschedulable", 5 * time.Minute},
		{"no room, and nobody can tell just now whether a node is coming", func(s shop) {
			s.pod("web-1", "new", unscheduledPod())
			s.event("Pod", "web-1", "Normal", "Nominated", "Pod should schedule on: nodeclaim/default-x")
			s.fail(slices.Repeat([]fault{broken("/events", errRefused)}, 7)...)
		}, "Unschedulable", 5*time.Minute + 6*time.Second}, // the requests that were tried again
		{"its node comes back", func(s shop) { s.pod("web-1", "new", unscheduledPod(nodeNotReady)) }, "Unschedulable", 5 * time.Minute},
		{"no node is without taints", func(s shop) { s.pod("web-1", "new", unscheduledPod(nodeTainted)) }, "Unschedulable", 5 * time.Minute},
		{"a node of others", func(s shop) { s.pod("web-1", "new", unscheduledPod(nodeOfOthers)) }, "Unschedulable", time.Minute},
		{"quota that leaving pods hold", func(s shop) {
			s.deployment(1, 0, map[string]any{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": overQuota})
			s.replicaSet("old", "1", 1)
			s.pod("web-0", "old", &kinds.Pod{})
		}, "FailedCreate", time.Minute},
		{"never ready", func(s shop) { s.pod("web-1", "new", &kinds.Pod{}) }, "NotReady", 5 * time.Minute},
		{"trouble of the old revision", func(s shop) {
			s.replicaSet("old", "1", 0)
			s.pod("web-0", "old", crashed("Error", 1))
		}, "NotReady", 5 * time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.deployment(1, 0)
				test.arrange(s)
				start := time.Now()
				err := s.wait(Options{Budget: 5 * time.Minute})
				var failure *WaitError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, test.reason, failure.Reason)
				assert.WithinDuration(t, start.Add(test.after), time.Now(), time.Second)
			})
		})
	}
}

func TestTroubleThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(1, 0)
		for minute := range 4 { // each pull fails for a minute, which is less than is tolerated
			time.AfterFunc(time.Duration(2*minute)*time.Minute, func() { s.pod("web-1", "new", waiting("ErrImagePull", pullOverload)) })
			time.AfterFunc(time.Duration(2*minute+1)*time.Minute, func() { s.pod("web-1", "new", waiting("ContainerCreating", "")) })
		}
		time.AfterFunc(8*time.Minute, func() { s.deployment(1, 1) })
		require.NoError(t, s.wait(Options{Budget: 10 * time.Minute}))
	})
}

// A pod that was broken before the wait began has not seen yet what was put right since.
func TestTroubleOfBefore(t *testing.T) {
	broken := func(restarts int32) *kinds.Pod {
		pod := crashed("Error", 1)
		pod.Status.ContainerStatuses[0].RestartCount = restarts
		return pod
	}
	t.Run("and no more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t)
			s.deployment(1, 0)
			s.oldPod("web-1", "new", broken(7))
			time.AfterFunc(2*time.Minute, func() { s.deployment(1, 1) })
			require.NoError(t, s.wait(Options{}))
		})
	})
	t.Run("and again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newShop(t)
			s.deployment(1, 0)
			s.oldPod("web-1", "new", broken(7))
			time.AfterFunc(2*time.Minute, func() { s.oldPod("web-1", "new", broken(8)) })
			start := time.Now()
			var failure *WaitError
			require.ErrorAs(t, s.wait(Options{}), &failure)
			assert.Equal(t, "CrashLoopBackOff", failure.Reason)
			assert.WithinDuration(t, start.Add(2*time.Minute), time.Now(), time.Second)
		})
	})
}

func TestNeverReadySaysWhatTheProbesSaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(1, 0)
		s.pod("web-1", "new", &kinds.Pod{})
		s.event("Pod", "web-1", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
		s.fail(answer("/pods/web-1/log", 200, "waiting for postgres\n"))
		err := s.wait(Options{Budget: time.Minute})
		assert.Equal(t, &WaitError{Object: `Deployment "web" in namespace "shop", Pod "web-1"`, Reason: "NotReady",
			Message: "0/1 ready after 1m0s: Readiness probe failed: HTTP probe failed with statuscode: 503", Logs: "waiting for postgres"}, err)
	})
}

func TestWaitDeploymentsForNothing(t *testing.T) {
	s := newShop(t)
	err := s.wait(Options{})
	var failure *WaitError
	require.ErrorAs(t, err, &failure)
	assert.Equal(t, "NotFound", failure.Reason)
}

func TestWaitDeploymentsIsCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(1, 0)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Minute, func() { cancel(errGivenUp) })
		assert.ErrorIs(t, WaitDeployments(ctx, s.Cluster, "shop", []string{"web"}, Options{}), errGivenUp)
	})
}

func unscheduledPod(message ...string) *kinds.Pod {
	return &kinds.Pod{Status: kinds.PodStatus{Conditions: []kinds.Condition{
		{Type: kinds.PodScheduled, Status: metav1.ConditionFalse, Reason: "Unschedulable", Message: append(message, noRoom)[0]}}}}
}

// The case of a report about another tool (krane 230): the replacement of an evicted pod takes its time.
func TestEvictedPodsAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(3, 2)
		gone := &kinds.Pod{}
		evicted(t)(gone)
		s.pod("web-1", "new", gone)
		s.pod("web-2", "new", waiting("ContainerCreating", ""))
		time.AfterFunc(70*time.Second, func() { s.deployment(3, 3) })
		require.NoError(t, s.wait(Options{}))
	})
}

func TestOutOfTimeTellsOfEvictedPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.deployment(1, 0)
		gone := &kinds.Pod{}
		evicted(t)(gone)
		s.pod("web-1", "new", gone)
		s.pod("web-2", "new", gone)
		assert.ErrorContains(t, s.wait(Options{Budget: time.Minute}),
			"0/1 ready after 1m0s; 2 pods ended, the last one: Evicted: The node was low on resource: ephemeral-storage")
	})
}

// What others put into the pods is not the fault of what is waited for, and not what the reader wants to see.
func TestInjectedContainers(t *testing.T) {
	status := func(name string, ready bool, state kinds.ContainerState) kinds.ContainerStatus {
		return kinds.ContainerStatus{Name: name, Ready: ready, State: state}
	}
	runs := kinds.ContainerState{Running: &kinds.ContainerStateRunning{}}
	crashes := crashed("Error", 1).Status.ContainerStatuses[0].State
	tests := []struct {
		name       string
		init, main []kinds.ContainerStatus
		says, log  string
		after      time.Duration
	}{
		{"own one crashes, beside one that does, too", []kinds.ContainerStatus{status("istio-init", false, crashes)},
			[]kinds.ContainerStatus{status("sidecar", false, crashes), status("app", false, crashes)},
			`Pod "web-1" container "app": CrashLoopBackOff`, "app", 0},
		{"own one is not ready", nil, []kinds.ContainerStatus{status("sidecar", true, runs), status("app", false, runs)},
			`Pod "web-1": NotReady: 0/1 ready after 2m0s`, "app", 2 * time.Minute},
		{"neither is ready", nil, []kinds.ContainerStatus{status("sidecar", false, runs), status("app", false, runs)},
			`Pod "web-1": NotReady: 0/1 ready after 2m0s`, "app", 2 * time.Minute},
		{"injected one crashes", nil, []kinds.ContainerStatus{status("sidecar", false, crashes), status("app", true, runs)},
			`Pod "web-1" injected container "sidecar": CrashLoopBackOff`, "", 2 * time.Minute},
		{"injected one of the start crashes", []kinds.ContainerStatus{status("istio-init", false, crashes)}, nil,
			`Pod "web-1" injected container "istio-init": CrashLoopBackOff`, "", 2 * time.Minute},
		{"injected one is not ready", nil, []kinds.ContainerStatus{status("sidecar", false, runs), status("app", true, runs)},
			`Pod "web-1" injected container "sidecar": NotReady: 0/1 ready after 2m0s`, "", 2 * time.Minute},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.deployment(1, 0)
				s.pod("web-1", "new", &kinds.Pod{Status: kinds.PodStatus{InitContainerStatuses: test.init, ContainerStatuses: test.main}})
				s.prints("web-1", "what it wrote\n")
				start := time.Now()
				err := s.wait(Options{Budget: 2 * time.Minute})
				var failure *WaitError
				require.ErrorAs(t, err, &failure)
				assert.ErrorContains(t, err, test.says)
				assert.WithinDuration(t, start.Add(test.after), time.Now(), time.Second)
				if test.log == "" {
					assert.Empty(t, s.logsAsked())
					return
				}
				assert.Equal(t, "what it wrote", failure.Logs)
				assert.Contains(t, s.logsAsked()[0], "container="+test.log)
			})
		})
	}
}
