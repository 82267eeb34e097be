package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// JobOptions says how a Job is run.
type JobOptions struct {
	// Budget is how long it may take, from its creation to its end; zero means 5 minutes.
	Budget time.Duration
	// Output receives what the Job's pod writes, while it runs. When its Write returns ErrEnough, the pod has said all
	// that matters: the Job counts as succeeded, and its end is not waited for.
	Output io.Writer
}

// JobOf is a Job that runs another command in the pod of a CronJob, which has one container. A pipeline may be killed
// meanwhile: the Job ends after its budget, and is removed ten minutes later.
func JobOf(cronJob *Object, name string, budget time.Duration, command ...string) (*Object, error) {
	template, found, err := unstructured.NestedMap(cronJob.Object, "spec", "jobTemplate", "spec", "template")
	if err != nil || !found {
		return nil, fmt.Errorf("reading %s: it has no pod template", RefOf(cronJob))
	}
	containers, _, _ := unstructured.NestedSlice(template, "spec", "containers")
	if len(containers) != 1 {
		return nil, fmt.Errorf("reading %s: it has %d containers, not one", RefOf(cronJob), len(containers))
	}
	_ = unstructured.SetNestedStringSlice(containers[0].(map[string]any), command, "command")
	_ = unstructured.SetNestedSlice(template, containers, "spec", "containers")
	job := &Object{Object: map[string]any{
		"apiVersion": "batch/v1", "kind": "Job",
		"spec": map[string]any{
			"backoffLimit":            int64(0),
			"activeDeadlineSeconds":   int64(budget.Seconds()),
			"ttlSecondsAfterFinished": int64(600),
			"template":                template,
		},
	}}
	job.SetName(name)
	job.SetNamespace(cronJob.GetNamespace())
	job.SetLabels(cronJob.GetLabels())
	return job, nil
}

// ErrEnough is what JobOptions.Output returns when it has heard what it wanted.
var ErrEnough = errors.New("enough was heard")

// RunJob creates a Job, copies its log to Output, waits for its end and deletes it. It returns whether the Job succeeded; the
// error says that it could not be run at all (a *WaitError when its pod cannot start). A Job of the same name that an
// earlier run left behind is deleted first. Give it one container, backoffLimit 0, and an activeDeadlineSeconds for the
// case that this run is killed.
func (c *Cluster) RunJob(ctx context.Context, job *Object, options JobOptions) (succeeded bool, err error) {
	ref := RefOf(job)
	if options.Budget == 0 {
		options.Budget = defaultBudget
	}
	limited, cancel := context.WithTimeoutCause(ctx, options.Budget,
		&WaitError{Object: ref.String(), Reason: "NotReady", Message: fmt.Sprintf("it has not ended after %s", options.Budget)})
	defer cancel()
	if err := c.deleteAndWait(limited, ref); err != nil {
		return false, err
	}
	created, err := c.Create(limited, job)
	if err != nil {
		return false, err
	}
	defer func() {
		// Whatever ended the run, its pod must not go on; the caller's context may have ended already.
		cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.timing.request)
		defer cancel()
		if failure := c.Delete(cleanup, ref); err == nil {
			err = failure
		}
	}()
	switch err := c.followJob(limited, ref, created.GetUID(), options.Output); {
	case errors.Is(err, ErrEnough):
		return true, nil
	case err != nil:
		return false, err
	}
	return c.jobResult(limited, ref)
}

// deleteAndWait deletes an object and waits until its name is free.
func (c *Cluster) deleteAndWait(ctx context.Context, ref Ref) error {
	if err := c.Delete(ctx, ref); err != nil {
		return err
	}
	for {
		if _, err := c.Get(ctx, ref); err != nil {
			if IsNotFound(err) {
				return nil
			}
			return err
		}
		if !sleep(ctx, c.timing.poll) {
			return fmt.Errorf("deleting %s: %w", ref, context.Cause(ctx))
		}
	}
}

// followJob waits for the Job's pod to start and copies its log until it ends. A pod of an earlier Job of that name may
// still be ending: only the Job's own pod counts.
func (c *Cluster) followJob(ctx context.Context, ref Ref, job types.UID, output io.Writer) error {
	watch := newVigil(WaitOptions{})
	for {
		var pods kinds.List[kinds.Pod]
		if err := c.listInto(ctx, "v1", "Pod", ref.Namespace, byLabels("batch.kubernetes.io/job-name="+ref.Name), &pods); err != nil {
			return err
		}
		pods.Items = slices.DeleteFunc(pods.Items, func(pod kinds.Pod) bool { return !ownedBy(pod.ObjectMeta, job) })
		for _, pod := range pods.Items {
			if hasStarted(&pod) {
				return c.StreamLogs(ctx, ref.Namespace, pod.Name, output)
			}
			if found, ok := podTrouble(&pod); ok {
				state := rollout{name: ref.Name, troubles: []trouble{found}}
				if len(watch.judge([]rollout{state})) > 0 && !c.scalesUp(ctx, ref.Namespace, found) {
					return c.waitError(ctx, ref.Namespace, ref.String(), found)
				}
			}
		}
		if len(pods.Items) == 0 {
			if err := c.refusedPod(ctx, ref); err != nil {
				return err
			}
		}
		if !sleep(ctx, c.timing.poll) {
			return fmt.Errorf("running %s: %w", ref, context.Cause(ctx))
		}
	}
}

// refusedPod reports that the API server refuses to create the Job's pod, which only an event says.
func (c *Cluster) refusedPod(ctx context.Context, ref Ref) error {
	events, err := c.Warnings(ctx, ref)
	if err != nil {
		return err
	}
	for _, event := range events {
		if event.Reason == "FailedCreate" && createPatience(event.Message, false) == none {
			return &WaitError{Object: ref.String(), Reason: event.Reason, Message: event.Message}
		}
	}
	return nil
}

// jobResult waits for the Job controller's word, which follows the end of the pod.
func (c *Cluster) jobResult(ctx context.Context, ref Ref) (bool, error) {
	for {
		var job kinds.Job
		if err := c.getInto(ctx, ref, &job); err != nil {
			return false, err
		}
		for _, condition := range job.Status.Conditions {
			if condition.Status != metav1.ConditionTrue {
				continue
			}
			switch condition.Type {
			case kinds.JobComplete, kinds.JobSuccessCriteriaMet:
				return true, nil
			case kinds.JobFailed, kinds.JobFailureTarget:
				return false, nil
			}
		}
		if !sleep(ctx, c.timing.poll) {
			return false, fmt.Errorf("running %s: %w", ref, context.Cause(ctx))
		}
	}
}

// hasStarted reports whether the pod's first container has run, so that there is a log.
func hasStarted(pod *kinds.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(status kinds.ContainerStatus) bool {
		return cmp.Or(status.State.Running != nil, status.State.Terminated != nil)
	})
}
