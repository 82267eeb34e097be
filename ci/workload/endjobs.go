package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// EndJobs deletes the Jobs of these names, without the suffix of a run, that RunJob of a killed run has left behind, and
// waits until their pods are gone. It is for whom no other run can be under way: the holder of the environment's lock,
// before a Job that must not run beside another one.
func EndJobs(ctx context.Context, api *cluster.Cluster, namespace string, names []string, options Options) error {
	watch, selector := newTracker(options), JobLabel+" in ("+strings.Join(names, ",")+")"
	for {
		left, err := endJobs(ctx, api, namespace, selector)
		if err := watch.note(err); err != nil {
			return err
		}
		if err == nil && len(left) == 0 {
			return nil
		}
		if err == nil {
			line := fmt.Sprintf("waiting for %d pods of an earlier run to end: %s", len(left), describePods(left))
			if watch.over() {
				return fmt.Errorf("%s: in namespace %q after %s; look at their nodes", line, namespace, watch.budget)
			}
			watch.tell("", line)
		}
		if !cluster.Sleep(ctx, poll) {
			return fmt.Errorf("ending the Jobs of an earlier run in namespace %q: %w", namespace, context.Cause(ctx))
		}
	}
}

// endJobs deletes what there is of the Jobs, and returns the pods that are left.
func endJobs(ctx context.Context, api *cluster.Cluster, namespace, selector string) ([]Pod, error) {
	var jobs kinds.List[kinds.Job]
	if err := api.ListInto(ctx, "batch/v1", "Job", namespace, selector, &jobs); err != nil {
		return nil, err
	}
	for _, job := range jobs.Items {
		ref := cluster.Ref{APIVersion: "batch/v1", Kind: "Job", Namespace: namespace, Name: job.Name}
		if err := api.DeleteIf(ctx, ref, metav1.Preconditions{UID: &job.UID}); err != nil && !cluster.IsConflict(err) {
			return nil, err
		}
	}
	var pods kinds.List[kinds.Pod]
	if err := api.ListInto(ctx, "v1", "Pod", namespace, selector, &pods); err != nil {
		return nil, err
	}
	left := podsOf(nil, nil, pods.Items)
	return slices.DeleteFunc(left, func(pod Pod) bool { return pod.Finished }), nil
}
