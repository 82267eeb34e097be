package workload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

const (
	// jobPoll is the pause between two looks at a Job whose log is being followed.
	jobPoll = time.Second
	// logRest is how long the log of a Job that has ended may take to come in full. A stream that does not end by then for as
	// long as logStuck is opened anew: nobody may be at its other end any more.
	logRest  = 30 * time.Second
	logStuck = 5 * time.Second
)

// follow copies the log of the Job's pod and returns whether the Job succeeded. The result is read from the cluster, not
// from the end of the log, which any component between here and the container may cut off.
func (r *jobRun) follow(ctx context.Context) (bool, error) {
	var log *podLog
	defer func() { log.stop() }()
	var ended *jobEnd
	stuck := logStuck
	for {
		now, err := r.look(ctx)
		if err := r.watch.note(err); err != nil {
			return false, err
		}
		if err == nil {
			if log = r.followed(ctx, log, now.pods); ended == nil {
				ended, err = r.judge(ctx, now)
			}
			if err != nil {
				return false, err
			}
		}
		if ended != nil && r.watch.counted-ended.at >= stuck {
			log.reopen()
			stuck += logStuck
		}
		if ended != nil && (log == nil || log.over || r.watch.counted-ended.at >= logRest) {
			return ended.succeeded, nil
		}
		switch err := log.wait(ctx, ended != nil); {
		case errors.Is(err, ErrSkipRest):
			return true, nil
		case ctx.Err() != nil:
			return false, fmt.Errorf("running %s: %w", r.ref, context.Cause(ctx))
		case err != nil:
			return false, err
		}
	}
}

// jobLook is a Job and its pods, at one look.
type jobLook struct {
	job  kinds.Job
	pods []Pod
}

func (r *jobRun) look(ctx context.Context) (jobLook, error) {
	var now jobLook
	err := r.api.GetInto(ctx, r.ref, &now.job)
	if cluster.IsNotFound(err) || err == nil && now.job.UID != r.job.GetUID() {
		return now, fmt.Errorf("running %s: somebody deleted it; run the same command again", r.ref)
	}
	if err != nil {
		return now, err
	}
	var pods kinds.List[kinds.Pod]
	if err := r.api.ListInto(ctx, "v1", "Pod", r.ref.Namespace, "batch.kubernetes.io/job-name="+r.ref.Name, &pods); err != nil {
		return now, err
	}
	for i := range pods.Items {
		if ownedBy(pods.Items[i].ObjectMeta, r.job.GetUID()) {
			now.pods = append(now.pods, podOf(&pods.Items[i], r.own))
		}
	}
	slices.SortStableFunc(now.pods, func(a, b Pod) int { return a.Created.Compare(b.Created) })
	return now, nil
}

// followed is the log of the newest pod that has one: the given one, or another one when the pod was replaced.
func (r *jobRun) followed(ctx context.Context, log *podLog, pods []Pod) *podLog {
	for _, pod := range slices.Backward(pods) {
		state := pod.stateOf(r.own[0])
		if state.Running == nil && state.Terminated == nil {
			continue
		}
		if log == nil || log.pod.UID != pod.UID {
			log.stop()
			log = startLog(ctx, r.api, r.ref.Namespace, pod, r.own[0], r.options.Output)
		}
		if state.Terminated != nil {
			log.complete.Store(true)
		}
		break
	}
	return log
}

// jobEnd is how a Job ended, and when.
type jobEnd struct {
	succeeded bool
	at        time.Duration
}

// judge finds how the Job ended; nil while it has not. The error says that it cannot run, or that it takes too long.
func (r *jobRun) judge(ctx context.Context, now jobLook) (*jobEnd, error) {
	ended, succeeded, err := jobResult(r.ref, now, r.own[0])
	switch {
	case err != nil:
		return nil, err
	case ended:
		return &jobEnd{succeeded: succeeded, at: r.watch.counted}, nil
	}
	for _, late := range r.watch.overdue([]state{{name: r.ref.Name, problems: jobProblems(now.pods, r.own[0])}}) {
		if !r.causes.nodeComing(ctx, late.problem) {
			return nil, r.causes.waitError(ctx, r.ref.String(), late.problem)
		}
	}
	if len(now.pods) == 0 {
		if err := r.refused(ctx); err != nil {
			return nil, err
		}
	}
	if r.watch.over() {
		return nil, &WaitError{Object: r.ref.String(), Reason: "DeadlineExceeded", Message: fmt.Sprintf("it has not ended after %s", r.watch.budget)}
	}
	return nil, nil
}

// jobProblems are those of the pods whose own container has not started.
func jobProblems(pods []Pod, own string) []problem {
	var problems []problem
	for _, pod := range pods {
		if state := pod.stateOf(own); state.Running != nil || state.Terminated != nil {
			continue
		}
		if found, ok := podProblem(pod); ok {
			problems = append(problems, found)
		}
	}
	return problems
}

// jobResult finds how a Job ended. Its own container's exit code counts first: a container that others injected may go on
// for ever, and a controller that was away meanwhile sees a deadline that has passed. A pod that the cluster ended says
// nothing.
func jobResult(ref cluster.Ref, now jobLook, own string) (ended, succeeded bool, err error) {
	for _, pod := range now.pods {
		terminated := pod.stateOf(own).Terminated
		if terminated == nil || hasCondition(pod.object.Status.Conditions, kinds.DisruptionTarget) {
			continue
		}
		if terminated.ExitCode == 0 {
			return true, true, nil
		}
		ended = ended || !pod.Terminating
	}
	for _, condition := range now.job.Status.Conditions {
		failed := condition.Type == kinds.JobFailed || condition.Type == kinds.JobFailureTarget
		switch {
		case condition.Status != "True":
		case condition.Type == kinds.JobComplete || condition.Type == kinds.JobSuccessCriteriaMet:
			return true, true, nil
		case failed && (!ended || condition.Reason == "DeadlineExceeded"):
			return false, false, &WaitError{Object: ref.String(), Reason: condition.Reason, Message: condition.Message}
		}
	}
	return ended, false, nil
}

// refused reports that the API server refuses to create the Job's pod, which only an event says.
func (r *jobRun) refused(ctx context.Context) error {
	events, err := r.api.Events(ctx, r.ref, kinds.EventTypeWarning)
	if err != nil {
		return r.watch.note(err)
	}
	for _, event := range events {
		if event.Reason == "FailedCreate" && createTolerance(event.Message, false) == none {
			return &WaitError{Object: r.ref.String(), Reason: event.Reason, Message: event.Message}
		}
	}
	return nil
}

// stateOf is the state of a container; empty before its node has taken it up.
func (p Pod) stateOf(container string) kinds.ContainerState {
	for _, status := range p.object.Status.ContainerStatuses {
		if status.Name == container {
			return status.State
		}
	}
	return kinds.ContainerState{}
}
