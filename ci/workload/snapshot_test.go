package workload

import (
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

const (
	byDigest = "ghcr.io/x/web@sha256:named"
	reported = "ghcr.io/x/web@sha256:reported"
)

// revisionOf is a ReplicaSet of the Deployment `web` and its revision.
func revisionOf(name, revision string) kinds.ReplicaSet {
	set := kinds.ReplicaSet{Spec: kinds.WorkloadSpec{Template: kinds.PodTemplateSpec{Spec: kinds.PodSpec{
		InitContainers: []kinds.Container{{Name: "migrate"}}, Containers: []kinds.Container{{Name: "web"}}}}}}
	set.Name, set.UID = name, types.UID(name)
	set.Annotations = map[string]string{revisionAnnotation: revision}
	set.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", UID: "d"}}
	return set
}

func webDeployment() kinds.Deployment {
	two := int32(2)
	deployment := kinds.Deployment{Spec: kinds.WorkloadSpec{Replicas: &two}}
	deployment.Name, deployment.UID, deployment.Generation = "web", "d", 3
	deployment.Labels = map[string]string{"app": "web"}
	deployment.Annotations = map[string]string{revisionAnnotation: "2"}
	deployment.Status.ObservedGeneration = 3
	return deployment
}

// podIn is a ready pod of a ReplicaSet, beside whose container a service mesh has put its own.
func podIn(set, name string, changes ...func(*kinds.Pod)) kinds.Pod {
	pod := kinds.Pod{}
	pod.Name, pod.UID = name, types.UID(name)
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", UID: types.UID(set)}}
	pod.Spec = kinds.PodSpec{NodeName: "node-1", Containers: []kinds.Container{{Name: "istio-proxy"}, {Name: "web", Image: byDigest}}}
	pod.Status.Conditions = []kinds.Condition{{Type: kinds.PodReady, Status: metav1.ConditionTrue}}
	pod.Status.ContainerStatuses = []kinds.ContainerStatus{
		{Name: "istio-proxy", Ready: true, RestartCount: 7, ImageID: "istio@sha256:proxy"},
		{Name: "web", Ready: true, RestartCount: 1, ImageID: reported},
	}
	for _, change := range changes {
		change(&pod)
	}
	return pod
}

func unready(pod *kinds.Pod) { pod.Status.Conditions[0].Status = metav1.ConditionFalse }

func told(ago time.Duration) func(*kinds.Pod) {
	return func(pod *kinds.Pod) { pod.DeletionTimestamp = &metav1.Time{Time: time.Now().Add(-ago)} }
}

// evicted is the pod of a report about another tool (krane 230).
func evicted(t *testing.T) func(*kinds.Pod) {
	content, err := os.ReadFile("testdata/evicted-pod.json")
	require.NoError(t, err)
	var read kinds.Pod
	require.NoError(t, json.Unmarshal(content, &read))
	return func(pod *kinds.Pod) { pod.Status = read.Status }
}

func names(pods []Pod) []string {
	names := []string{}
	for _, pod := range pods {
		names = append(names, pod.Name)
	}
	return names
}

func TestSnapshot(t *testing.T) {
	old := func(changes ...func(*kinds.Pod)) kinds.Pod { return podIn("old", "web-0", changes...) }
	tests := []struct {
		name       string
		pods       []kinds.Pod
		change     func(*kinds.Deployment, []kinds.ReplicaSet)
		now, stale []string
		ready      int
	}{
		{name: "all of the newest", pods: []kinds.Pod{podIn("new", "web-1"), podIn("new", "web-2")}, now: []string{"web-1", "web-2"}, ready: 2},
		{name: "one is not ready", pods: []kinds.Pod{podIn("new", "web-1"), podIn("new", "web-2", unready)}, now: []string{"web-1", "web-2"}, ready: 1},
		{name: "one is older", pods: []kinds.Pod{old(), podIn("new", "web-1")}, now: []string{"web-1"}, stale: []string{"web-0"}, ready: 1},
		{name: "one terminates, and is still ready", pods: []kinds.Pod{podIn("new", "web-1"), podIn("new", "web-2", told(0))},
			now: []string{"web-1"}, stale: []string{"web-2"}, ready: 1},
		{name: "an older one terminates", pods: []kinds.Pod{old(told(0)), podIn("new", "web-1")}, now: []string{"web-1"}, stale: []string{"web-0"}, ready: 1},
		{name: "its node does not answer any more", pods: []kinds.Pod{old(told(2*time.Minute), unready), podIn("new", "web-1")}, now: []string{"web-1"}, ready: 1},
		{name: "it takes its time", pods: []kinds.Pod{old(told(2 * time.Minute)), podIn("new", "web-1")}, now: []string{"web-1"}, stale: []string{"web-0"}, ready: 1},
		{name: "evicted", pods: []kinds.Pod{podIn("new", "web-1"), podIn("new", "web-2", evicted(t)), old(evicted(t))}, now: []string{"web-1"}, ready: 1},
		{name: "the controller has not seen the change", pods: []kinds.Pod{podIn("new", "web-1")},
			change: func(d *kinds.Deployment, _ []kinds.ReplicaSet) { d.Generation = 4 }, stale: []string{"web-1"}},
		{name: "gone back to the older", pods: []kinds.Pod{old(), podIn("new", "web-1")}, now: []string{"web-0"}, stale: []string{"web-1"}, ready: 1,
			change: func(d *kinds.Deployment, sets []kinds.ReplicaSet) {
				d.Annotations[revisionAnnotation], sets[0].Annotations[revisionAnnotation] = "3", "3"
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			deployment, sets := webDeployment(), []kinds.ReplicaSet{revisionOf("old", "1"), revisionOf("new", "2")}
			if test.change != nil {
				test.change(&deployment, sets)
			}
			of := podIn("", "smoke-1")
			of.OwnerReferences[0] = metav1.OwnerReference{Kind: "Job", UID: "job"}
			snapshot := snapshotOf([]kinds.Deployment{deployment}, sets, append(test.pods, of))
			require.Len(t, snapshot.Deployments, 1)
			found := snapshot.Deployments[0]
			assert.ElementsMatch(t, test.now, names(found.Pods))
			assert.ElementsMatch(t, test.stale, names(found.Stale))
			assert.ElementsMatch(t, test.stale, names(snapshot.Stale()), "a Job's pod is not among them")
			assert.Equal(t, test.ready, found.Ready)
			assert.Equal(t, 2, found.Desired)
			assert.Len(t, snapshot.Pods, len(test.pods)+1)
		})
	}
}

// A Deployment that is gone leaves its pods for a moment.
func TestSnapshotOfPodsWithoutADeployment(t *testing.T) {
	snapshot := snapshotOf(nil, nil, []kinds.Pod{podIn("gone", "web-1")})
	assert.Equal(t, []string{"web-1"}, names(snapshot.Stale()))
}

func TestPod(t *testing.T) {
	noDigest := func(pod *kinds.Pod) { pod.Spec.Containers[1].Image = "ghcr.io/x/web:1" }
	notStarted := func(pod *kinds.Pod) { pod.Status.ContainerStatuses[1].ImageID = "" }
	crashes := func(name string) func(*kinds.Pod) {
		return func(pod *kinds.Pod) {
			unready(pod)
			state := crashed("Error", 3).Status.ContainerStatuses[0]
			state.Name = name
			pod.Status.ContainerStatuses = []kinds.ContainerStatus{state}
		}
	}
	tests := []struct {
		name    string
		change  func(*kinds.Pod)
		digest  string
		problem string
	}{
		{"by digest", func(*kinds.Pod) {}, "sha256:named", ""},
		{"by tag", noDigest, "sha256:reported", ""},
		{"not started", notStarted, "", ""},
		{"not ready", unready, "sha256:named", ""},
		{"crashes", crashes("web"), "", "CrashLoopBackOff: exit code 3, 2 restarts so far"},
		{"another's container crashes", crashes("istio-proxy"), "", "CrashLoopBackOff: exit code 3, 2 restarts so far"},
		{"evicted", evicted(t), "", "Evicted: The node was low on resource: ephemeral-storage."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			pods := podsOf([]kinds.Deployment{webDeployment()}, []kinds.ReplicaSet{revisionOf("new", "2")}, []kinds.Pod{podIn("new", "web-1", test.change)})
			assert.Equal(t, test.digest, pods[0].Digest("web"))
			assert.Equal(t, test.problem, pods[0].Problem())
			assert.Equal(t, "node-1", pods[0].Node)
		})
	}
	pods := podsOf([]kinds.Deployment{webDeployment()}, []kinds.ReplicaSet{revisionOf("new", "2")}, []kinds.Pod{podIn("new", "web-1")})
	assert.Equal(t, 1, pods[0].Restarts, "those of the proxy do not count")
	assert.Equal(t, "sha256:proxy", pods[0].Digest("istio-proxy"))
}

func TestReadAsksForTheSelectedOnly(t *testing.T) {
	s := newServer()
	s.put(t, "/apis/apps/v1/namespaces/shop/deployments/web", webDeployment())
	s.put(t, "/apis/apps/v1/namespaces/shop/replicasets/new", revisionOf("new", "2"))
	pod := podIn("new", "web-1")
	pod.Labels = map[string]string{"app": "web"}
	s.put(t, "/api/v1/namespaces/shop/pods/web-1", pod)
	s.put(t, "/api/v1/namespaces/shop/pods/other", podIn("new", "other"))
	snapshot, err := Read(t.Context(), s.Cluster, "shop", "app=web")
	require.NoError(t, err)
	require.Len(t, snapshot.Deployments, 1)
	assert.Equal(t, map[string]string{"app": "web"}, snapshot.Deployments[0].Labels)
	assert.Equal(t, []string{"web-1"}, names(snapshot.Pods))
}

func TestWaitStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.put(t, "/apis/apps/v1/namespaces/shop/deployments/web", webDeployment())
		for _, name := range []string{"old", "new"} {
			s.put(t, "/apis/apps/v1/namespaces/shop/replicasets/"+name, revisionOf(name, map[string]string{"old": "1", "new": "2"}[name]))
			s.put(t, "/api/v1/namespaces/shop/pods/web-"+name, podIn(name, "web-"+name))
		}
		wait := func() error {
			return WaitStale(t.Context(), s.Cluster, "shop", "", Options{Budget: time.Minute})
		}
		start := time.Now()
		assert.ErrorContains(t, wait(), `waiting for 1 old pods to end: web-old on node node-1: in namespace "shop" after 1m0s`)
		assert.WithinDuration(t, start.Add(time.Minute), time.Now(), time.Second)
		s.outage(5*time.Second, 5*time.Minute, errRefused)
		time.AfterFunc(5*time.Minute+30*time.Second, func() { s.remove("/api/v1/namespaces/shop/pods/web-old") })
		require.NoError(t, wait())
	})
}

func TestReadStatefulSet(t *testing.T) {
	pod := func(name, revision string, changes ...func(*kinds.Pod)) kinds.Pod {
		pod := podIn("sts", name, changes...)
		pod.OwnerReferences[0].Kind = "StatefulSet"
		pod.Labels = map[string]string{podRevision: revision}
		return pod
	}
	set := kinds.StatefulSet{Status: kinds.StatefulSetStatus{ObservedGeneration: 2, Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1, UpdateRevision: "new"}}
	set.Name, set.UID, set.Generation = "postgres", "sts", 2
	set.Spec.Template.Spec.Containers = []kinds.Container{{Name: "web"}}
	unseen := set
	unseen.Generation = 3
	tests := []struct {
		name            string
		set             kinds.StatefulSet
		pods            []kinds.Pod
		ready, restarts int
		complete        bool
	}{
		{"ready", set, []kinds.Pod{pod("postgres-0", "new")}, 1, 1, true},
		{"not ready", set, []kinds.Pod{pod("postgres-0", "new", unready)}, 0, 1, true},
		{"of the older revision", set, []kinds.Pod{pod("postgres-0", "old")}, 0, 1, true},
		{"terminating", set, []kinds.Pod{pod("postgres-0", "new", told(0))}, 0, 1, true},
		{"evicted", set, []kinds.Pod{pod("postgres-0", "new", evicted(t))}, 0, 0, true},
		{"the controller has not seen the change", unseen, []kinds.Pod{pod("postgres-0", "new")}, 0, 1, false},
		{"another's", set, []kinds.Pod{podIn("other", "other-0")}, 0, 0, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newServer()
			s.put(t, "/apis/apps/v1/namespaces/shop/statefulsets/postgres", test.set)
			for _, pod := range test.pods {
				s.put(t, "/api/v1/namespaces/shop/pods/"+pod.Name, pod)
			}
			found, err := ReadStatefulSet(t.Context(), s.Cluster, "shop", "postgres")
			require.NoError(t, err)
			restarts := 0
			for _, pod := range found.Pods {
				restarts += pod.Restarts
			}
			assert.Equal(t, []any{1, test.ready, test.restarts, test.complete}, []any{found.Desired, found.Ready, restarts, found.Complete})
		})
	}
	_, err := ReadStatefulSet(t.Context(), newServer().Cluster, "shop", "postgres")
	assert.True(t, cluster.IsNotFound(err))
}
