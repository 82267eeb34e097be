package workload

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

const jobsPath = "/apis/batch/v1/namespaces/shop/jobs/"

func smokeJob() *cluster.Object {
	return &cluster.Object{Object: map[string]any{"apiVersion": "batch/v1", "kind": "Job", "metadata": map[string]any{"name": "smoke", "namespace": "shop"},
		"spec": map[string]any{"template": map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "smoke", "image": "smoke"}}}}}}}
}

// jobs are those of the shop.
func (s shop) jobs() []*unstructured.Unstructured {
	return s.api.List("batch/v1", "Job", "shop", nil)
}

// job is the one that RunJob made.
func (s shop) job() *unstructured.Unstructured {
	for _, job := range s.jobs() {
		if job.GetName() != "smoke" {
			return job
		}
	}
	require.Fail(s.t, "there is no Job")
	return nil
}

// jobPod lets the pod of the Job be so.
func (s shop) jobPod(name string, pod kinds.PodStatus) { s.jobPodOf(s.job().GetUID(), name, pod) }

func (s shop) jobPodOf(owner types.UID, name string, pod kinds.PodStatus) {
	job := s.job()
	s.put(s.t, "/api/v1/namespaces/shop/pods/"+name, map[string]any{
		"apiVersion": "v1", "kind": "Pod", "status": pod,
		"metadata": map[string]any{"name": name, "uid": name, "creationTimestamp": time.Now().UTC().Format(time.RFC3339),
			"labels":          map[string]any{"batch.kubernetes.io/job-name": job.GetName(), JobLabel: "smoke"},
			"ownerReferences": []any{map[string]any{"kind": "Job", "uid": string(owner)}}},
	})
}

// state is a pod whose container is so, beside one that a service mesh injected.
func container(state kinds.ContainerState) kinds.PodStatus {
	return kinds.PodStatus{ContainerStatuses: []kinds.ContainerStatus{
		{Name: "istio-proxy", State: kinds.ContainerState{Running: &kinds.ContainerStateRunning{}}},
		{Name: "smoke", State: state},
	}}
}

var (
	running = container(kinds.ContainerState{Running: &kinds.ContainerStateRunning{}})
	waits   = container(kinds.ContainerState{Waiting: &kinds.ContainerStateWaiting{Reason: "ContainerCreating"}})
)

func exited(code int32) kinds.PodStatus {
	return container(kinds.ContainerState{Terminated: &kinds.ContainerStateTerminated{ExitCode: code}})
}

// condition lets the Job controller say something of the Job.
func (s shop) condition(name, reason, message string) {
	s.set(s.t, jobsPath+s.job().GetName(), []any{map[string]any{"type": name, "status": "True", "reason": reason, "message": message}}, "status", "conditions")
}

// line is one of a log with timestamps.
func line(second int, text string) string {
	return time.Date(2026, 11, 23, 10, 0, second, 5, time.UTC).Format(time.RFC3339Nano) + " " + text + "\n"
}

// since leaves out the lines of a log from before a second.
func since(log, second string) string {
	from, _ := time.Parse(time.RFC3339, second)
	var left strings.Builder
	for at := range strings.Lines(log) {
		stamp, _, _ := strings.Cut(at, " ")
		if written, _ := time.Parse(time.RFC3339Nano, stamp); !written.Before(from) {
			left.WriteString(at)
		}
	}
	return left.String()
}

func (s shop) runJob(output *bytes.Buffer) (bool, error) {
	return RunJob(s.t.Context(), s.Cluster, smokeJob(), JobOptions{Output: output, Budget: time.Minute})
}

func TestRunJob(t *testing.T) {
	for code, want := range map[int32]bool{0: true, 3: false} {
		t.Run(fmt.Sprintf("exit code %d", code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.put(t, jobsPath+"smoke", smokeJob().Object) // another's
				time.AfterFunc(time.Second, func() { s.jobPodOf("another", "smoke-0", exited(1-min(code, 1))) })
				start := time.Now()
				time.AfterFunc(5*time.Second, func() { s.jobPod("smoke-1", waits) })
				time.AfterFunc(10*time.Second, func() { s.jobPod("smoke-1", running) })
				s.prints("smoke-1", "ok login 12 ms\n")
				time.AfterFunc(20*time.Second, func() { s.jobPod("smoke-1", exited(code)) })
				var output bytes.Buffer
				succeeded, err := s.runJob(&output)
				require.NoError(t, err)
				assert.Equal(t, want, succeeded)
				assert.Equal(t, "ok login 12 ms\n", output.String())
				assert.WithinDuration(t, start.Add(20*time.Second), time.Now(), 3*time.Second, "it waits for no other's word")
				assert.Len(t, s.jobs(), 1, "its own Job is deleted, no other")
			})
		})
	}
}

func TestRunJobMakesAJobThatEndsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		job := smokeJob()
		job.SetName(strings.Repeat("long-", 13))
		seen := make(chan *unstructured.Unstructured, 1)
		time.AfterFunc(time.Second, func() {
			seen <- s.job()
			s.jobPod("smoke-1", exited(0))
		})
		_, err := RunJob(t.Context(), s.Cluster, job, JobOptions{Budget: 2 * time.Minute})
		require.NoError(t, err)
		made := <-seen
		assert.LessOrEqual(t, len(made.GetName()), 63)
		assert.Equal(t, job.GetName(), made.GetLabels()[JobLabel])
		for field, want := range map[string]int64{"ttlSecondsAfterFinished": 600, "activeDeadlineSeconds": 120 + 360} {
			found, _, err := unstructured.NestedInt64(made.Object, "spec", field)
			require.NoError(t, err)
			assert.Equal(t, want, found, field)
		}
		label, _, _ := unstructured.NestedString(made.Object, "spec", "template", "metadata", "labels", JobLabel)
		assert.Equal(t, job.GetName(), label)
	})
}

func TestRunJobThatCannotRun(t *testing.T) {
	tests := []struct {
		name    string
		arrange func(shop)
		reason  string
		after   time.Duration
	}{
		{"image not found", func(s shop) {
			status := container(waiting("ErrImagePull", pullNotFound).Status.ContainerStatuses[0].State)
			s.jobPod("smoke-1", status)
		}, "ErrImagePull", 0},
		{"pod refused", func(s shop) { s.event("Job", s.job().GetName(), "Warning", "FailedCreate", notSecure) }, "FailedCreate", 0},
		{"out of time", func(shop) {}, "DeadlineExceeded", time.Minute},
		{"the controller ends it", func(s shop) {
			s.condition("Failed", "DeadlineExceeded", "Job was active longer than specified deadline")
		}, "DeadlineExceeded", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				time.AfterFunc(time.Second, func() { test.arrange(s) })
				start := time.Now()
				_, err := s.runJob(&bytes.Buffer{})
				var failure *WaitError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, test.reason, failure.Reason)
				assert.Contains(t, failure.Object, `Job "smoke-`)
				assert.WithinDuration(t, start.Add(test.after), time.Now(), 2*time.Second)
				assert.Empty(t, s.jobs(), "it is deleted")
			})
		})
	}
}

// What the cluster ends, and what others put into the pod, says nothing about the Job.
func TestRunJobIsNotBlamedForOthers(t *testing.T) {
	evicted := exited(137)
	evicted.Phase, evicted.Reason = kinds.PodFailed, "Evicted"
	evicted.Conditions = []kinds.Condition{{Type: kinds.DisruptionTarget, Status: metav1.ConditionTrue}}
	crashing := waits
	crashing.InitContainerStatuses = []kinds.ContainerStatus{{Name: "istio-init", State: crashed("Error", 1).Status.ContainerStatuses[0].State}}
	for name, first := range map[string]kinds.PodStatus{"evicted": evicted, "injected container crashes": crashing} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.prints("smoke-1", "cut off\n")
				s.prints("smoke-2", "ok\n")
				time.AfterFunc(time.Second, func() { s.jobPod("smoke-1", first) })
				time.AfterFunc(30*time.Second, func() { s.jobPod("smoke-2", exited(0)) })
				var output bytes.Buffer
				succeeded, err := s.runJob(&output)
				require.NoError(t, err)
				assert.True(t, succeeded)
				assert.Contains(t, output.String(), "ok\n")
			})
		})
	}
}

func TestRunJobTakesTheLogUpAgain(t *testing.T) {
	all := line(0, "zero") + line(1, "one") + line(1, "two") + line(2, "three")
	for name, part := range map[string]string{
		"before the first line": "", "within a line": all[:50], "after a line": all[:strings.Index(all, "zero")+5],
		"between lines of one time": all[:strings.Index(all, "one")+4], "after the last line": all,
		"before a node's excuse": line(0, "zero") + "unable to retrieve container logs for containerd://6f97\n",
	} {
		for how, err := range map[string]error{"broken": syscall.ECONNRESET, "ended": nil} {
			t.Run(name+", "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newShop(t)
					whole := fault{match: "/pods/smoke-1/log", do: func(request *http.Request) (*http.Response, error) {
						return clustertest.Answer(http.StatusOK, since(all, request.URL.Query().Get("sinceTime"))), nil
					}}
					if err == nil {
						s.fail(answer("/pods/smoke-1/log", http.StatusOK, part))
					} else {
						s.fail(cut("/pods/smoke-1/log", part, err))
					}
					s.fail(slices.Repeat([]fault{whole}, 100)...)
					time.AfterFunc(time.Second, func() { s.jobPod("smoke-1", running) })
					time.AfterFunc(10*time.Second, func() { s.jobPod("smoke-1", exited(0)) })
					var output bytes.Buffer
					succeeded, err := s.runJob(&output)
					require.NoError(t, err)
					assert.True(t, succeeded)
					assert.Equal(t, "zero\none\ntwo\nthree\n", output.String())
				})
			})
		}
	}
}

// A connection whose other end is gone without a word must not cost the end of the log.
func TestRunJobDoesNotHangOnALog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.prints("smoke-1", "one\ntwo\n")
		s.fail(fault{match: "/pods/smoke-1/log", do: func(request *http.Request) (*http.Response, error) {
			<-request.Context().Done()
			return nil, request.Context().Err()
		}})
		time.AfterFunc(time.Second, func() { s.jobPod("smoke-1", running) })
		time.AfterFunc(10*time.Second, func() { s.jobPod("smoke-1", exited(0)) })
		var output bytes.Buffer
		succeeded, err := s.runJob(&output)
		require.NoError(t, err)
		assert.True(t, succeeded)
		assert.Equal(t, "one\ntwo\n", output.String())
	})
}

// A node that gives no times: each line is copied once all the same.
func TestRunJobWhoseLogHasNoTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.fail(answer("/pods/smoke-1/log", http.StatusOK, "one\ntw"))
		s.fail(slices.Repeat([]fault{answer("/pods/smoke-1/log", http.StatusOK, "one\ntwo\nthree")}, 100)...)
		time.AfterFunc(time.Second, func() { s.jobPod("smoke-1", running) })
		time.AfterFunc(10*time.Second, func() { s.jobPod("smoke-1", exited(0)) })
		var output bytes.Buffer
		_, err := s.runJob(&output)
		require.NoError(t, err)
		assert.Equal(t, "one\ntwo\nthree\n", output.String())
	})
}

func TestRunJobOutlivesAnOutage(t *testing.T) {
	for name, after := range map[string]time.Duration{"before it is created": 0, "before it starts": 2 * time.Second, "while it runs": 12 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				s.outage(after, 5*time.Minute, syscall.ECONNREFUSED)
				s.prints("smoke-1", "one\ntwo\n")
				go func() {
					for len(s.jobs()) == 0 {
						time.Sleep(time.Second)
					}
					time.Sleep(5 * time.Second)
					s.jobPod("smoke-1", running)
					time.Sleep(20 * time.Second)
					s.jobPod("smoke-1", exited(0))
				}()
				var output bytes.Buffer
				time.Sleep(time.Millisecond)
				succeeded, err := s.runJob(&output)
				require.NoError(t, err)
				assert.True(t, succeeded)
				assert.Equal(t, "one\ntwo\n", output.String())
				assert.Empty(t, s.jobs())
			})
		})
	}
}

func TestRunJobWhoseCreationIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		s.client.Fault = func(n int, _ clustertest.Write) clustertest.Fault {
			return map[int]clustertest.Fault{0: clustertest.Lost}[n]
		}
		time.AfterFunc(time.Second, func() { s.jobPod("smoke-1", exited(0)) })
		succeeded, err := s.runJob(&bytes.Buffer{})
		require.NoError(t, err)
		assert.True(t, succeeded)
		assert.Empty(t, s.jobs())
	})
}

// A Job of that name which is another's stays, and its log is not heard.
func TestRunJobLeavesAnothersAlone(t *testing.T) {
	for name, created := range map[string]bool{"there before": false, "put in its place": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				another := func(name string) {
					job := smokeJob()
					job.SetName(name)
					job.SetUID("another")
					s.put(t, jobsPath+name, job.Object)
				}
				s.prints("smoke-1", "words of another run\n")
				if created {
					time.AfterFunc(time.Second, func() {
						another(s.job().GetName())
						s.jobPod("smoke-1", exited(0))
					})
				} else {
					s.fail(fault{match: "POST", do: func(request *http.Request) (*http.Response, error) {
						another(nameIn(t, request))
						return nil, nil
					}})
				}
				var output bytes.Buffer
				_, err := s.runJob(&output)
				require.ErrorContains(t, err, map[bool]string{true: "somebody deleted it", false: "already exists"}[created])
				assert.Empty(t, output.String())
				require.Len(t, s.jobs(), 1)
				assert.EqualValues(t, "another", s.job().GetUID())
			})
		})
	}
}

// nameIn is the name of the object that a request nodeComing.
func nameIn(t *testing.T, request *http.Request) string {
	content, err := io.ReadAll(request.Body)
	require.NoError(t, err)
	request.Body = io.NopCloser(bytes.NewReader(content))
	object := &unstructured.Unstructured{}
	require.NoError(t, object.UnmarshalJSON(content))
	return object.GetName()
}

// satisfied needs no more than the first line.
type satisfied struct{ text bytes.Buffer }

func (s *satisfied) Write(text []byte) (int, error) {
	n, _ := s.text.Write(text)
	return n, ErrSkipRest
}

func TestRunJobSkipsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		time.AfterFunc(time.Second, func() { s.jobPod("smoke-1", running) }) // and it never ends
		s.prints("smoke-1", "ok login 12 ms\nbye\n")
		var output satisfied
		succeeded, err := RunJob(t.Context(), s.Cluster, smokeJob(), JobOptions{Output: &output})
		require.NoError(t, err)
		assert.True(t, succeeded)
		assert.Equal(t, "ok login 12 ms\n", output.text.String())
		assert.Empty(t, s.jobs(), "it is deleted")
	})
}

func TestRunJobIsDeletedWhenTheCallerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { s.jobPod("smoke-1", running) })
		time.AfterFunc(10*time.Second, func() { cancel(errGivenUp) })
		_, err := RunJob(ctx, s.Cluster, smokeJob(), JobOptions{})
		assert.ErrorIs(t, err, errGivenUp)
		assert.Empty(t, s.jobs())
	})
}

func TestEndJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		for _, name := range []string{"smoke", "other"} {
			job := smokeJob()
			job.SetName(name + "-of-a-killed-run")
			job.SetLabels(map[string]string{JobLabel: name})
			s.put(t, jobsPath+job.GetName(), job.Object)
		}
		s.put(t, "/api/v1/namespaces/shop/pods/smoke-1", map[string]any{"metadata": map[string]any{"name": "smoke-1", "labels": map[string]any{JobLabel: "smoke"}}})
		time.AfterFunc(10*time.Second, func() { s.remove("/api/v1/namespaces/shop/pods/smoke-1") })
		start := time.Now()
		require.NoError(t, EndJobs(t.Context(), s.Cluster, "shop", []string{"smoke", "restore"}, Options{}))
		assert.WithinDuration(t, start.Add(10*time.Second), time.Now(), time.Second)
		require.Len(t, s.jobs(), 1)
		assert.Equal(t, "other-of-a-killed-run", s.job().GetName())
	})
}
