package workload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// JobOptions says how a Job is run.
type JobOptions struct {
	// Budget is how long it may take, from its creation to its end; zero means 5 minutes. The time in which the API server
	// does not answer does not count.
	Budget time.Duration
	// Output receives what the Job's own container writes, while it runs, line by line. When its Write returns ErrSkipRest, the
	// Job has said all that matters: it counts as succeeded, and its end is not waited for.
	Output io.Writer
	// Held is the lock under which the Job is created, if it must not run beside a later holder's.
	Held *lock.Held
}

// ErrSkipRest is what JobOptions.Output returns when it needs no more of the Job, as fs.SkipAll does for a tree.
var ErrSkipRest = errors.New("skip the rest of the Job")

const (
	// JobLabel has the name of a Job without the suffix of its run, on the Job and on its pod.
	JobLabel = "team-dashboard.app/job"
	// runAnnotation names the run that made a Job, so that none takes another's for its own.
	runAnnotation = "team-dashboard.app/job-run"
)

// RunJob creates a Job, copies its log to Output, waits for its end and deletes it. It returns whether the Job succeeded; the
// error says that it could not be run at all (a *WaitError when its pod cannot start, or when it takes too long).
//
// The Job's name gets a suffix, so that two runs at once do not disturb each other; JobLabel finds it. Give it one
// container, restartPolicy Never and backoffLimit 0. A pod that the cluster evicts is replaced. A run that is killed leaves its Job behind: it
// ends after its budget and an outage of the API server, and is removed ten minutes later.
func RunJob(ctx context.Context, api *cluster.Cluster, job *cluster.Object, options JobOptions) (succeeded bool, err error) {
	run, err := newJobRun(api, job, options)
	if err != nil {
		return false, err
	}
	// Whatever ends the run, its pod must not go on.
	defer func() {
		if failure := run.remove(ctx); err == nil {
			err = failure
		}
	}()
	if err := run.create(ctx); err != nil {
		return false, err
	}
	return run.follow(ctx)
}

// jobRun is one run of a Job.
type jobRun struct {
	api     *cluster.Cluster
	job     *cluster.Object // as it is created, then as the API server has it
	ref     cluster.Ref
	own     containers
	options JobOptions
	watch   *tracker
	causes  causes
}

func newJobRun(api *cluster.Cluster, job *cluster.Object, options JobOptions) (*jobRun, error) {
	if options.Output == nil {
		options.Output = io.Discard
	}
	watch := newTracker(Options{Budget: options.Budget})
	unique, err := uniqueJob(job, watch.budget)
	if err != nil {
		return nil, err
	}
	own, err := containersOfJob(job)
	if err != nil {
		return nil, err
	}
	return &jobRun{api: api, job: unique, ref: cluster.RefOf(unique), own: own, options: options, watch: watch,
		causes: newCauses(api, job.GetNamespace())}, nil
}

// removedAfter is when a Job that has ended is removed, in seconds.
const removedAfter = 600

// uniqueJob is a Job with the name and the marks of one run, and with an end.
func uniqueJob(job *cluster.Object, budget time.Duration) (*cluster.Object, error) {
	unique, run := job.DeepCopy(), strings.ToLower(rand.Text())
	unique.SetName(uniqueName(job.GetName(), run))
	mark(unique.GetLabels, unique.SetLabels, JobLabel, job.GetName())
	mark(unique.GetAnnotations, unique.SetAnnotations, runAnnotation, run)
	for _, field := range []struct {
		value any
		path  []string
	}{
		{job.GetName(), []string{"template", "metadata", "labels", JobLabel}},
		{int64((budget + longestOutage).Seconds()), []string{"activeDeadlineSeconds"}},
		{int64(removedAfter), []string{"ttlSecondsAfterFinished"}},
		// What the cluster ends (an eviction, a drain, a preemption) says nothing about what the Job does.
		{map[string]any{"rules": []any{map[string]any{"action": "Ignore", "onPodConditions": []any{
			map[string]any{"type": "DisruptionTarget", "status": "True"}}}}}, []string{"podFailurePolicy"}},
	} {
		if err := unstructured.SetNestedField(unique.Object, field.value, append([]string{"spec"}, field.path...)...); err != nil {
			return nil, fmt.Errorf("making %s: %w", cluster.RefOf(job), err)
		}
	}
	return unique, nil
}

// mark adds a label or an annotation.
func mark(get func() map[string]string, set func(map[string]string), key, value string) {
	marks := get()
	if marks == nil {
		marks = map[string]string{}
	}
	marks[key] = value
	set(marks)
}

// A Job's name becomes a label of its pods, which has 63 characters at most.
const (
	longestName  = 63
	suffixLength = 8
)

func uniqueName(name, run string) string {
	name = name[:min(len(name), longestName-suffixLength-1)]
	return strings.TrimRight(name, "-.") + "-" + run[:suffixLength]
}

// create makes the Job. After a broken connection nobody knows whether it exists: then one that bears this run's mark does.
func (r *jobRun) create(ctx context.Context) error {
	if r.options.Held != nil {
		created, err := r.options.Held.Create(ctx, r.job)
		if err == nil {
			r.job = created
		}
		return err
	}
	for {
		created, err := r.api.Create(ctx, r.job)
		if cluster.IsConflict(err) {
			created, err = r.existing(ctx, err)
		}
		if err == nil {
			r.job = created
			return nil
		}
		if err := r.watch.note(err); err != nil {
			return err
		}
		if !cluster.Sleep(ctx, poll) {
			return fmt.Errorf("creating %s: %w", r.ref, context.Cause(ctx))
		}
	}
}

// existing is the Job of that name if it is this run's; conflict is what the API server said of it.
func (r *jobRun) existing(ctx context.Context, conflict error) (*cluster.Object, error) {
	found, err := r.api.Get(ctx, r.ref)
	if cluster.IsNotFound(err) {
		return nil, conflict
	}
	if err != nil {
		return nil, err
	}
	if found.GetAnnotations()[runAnnotation] != r.job.GetAnnotations()[runAnnotation] {
		return nil, conflict
	}
	return found, nil
}

// removal is how long the clean-up may take; the caller's context may have ended already.
const removal = 30 * time.Second

// remove deletes the Job, if it is there and this run's. An API server that is away is no failure, since the Job ends and
// is removed by itself.
func (r *jobRun) remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), removal)
	defer cancel()
	if r.job.GetUID() == "" { // nobody knows whether it was created
		found, err := r.existing(ctx, nil)
		if err != nil || found == nil {
			return nil
		}
		r.job = found
	}
	uid := r.job.GetUID()
	err := r.api.DeleteIf(ctx, r.ref, metav1.Preconditions{UID: &uid})
	if err != nil && (cluster.IsConflict(err) || cluster.IsTransient(err) || ctx.Err() != nil) {
		return nil
	}
	return err
}

// containersOfJob are the containers that a Job's template names. The first one is the one that matters.
func containersOfJob(job *cluster.Object) (containers, error) {
	list, _, err := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("reading %s: it has no containers", cluster.RefOf(job))
	}
	var own containers
	for _, entry := range list {
		container, _ := entry.(map[string]any)
		name, _, _ := unstructured.NestedString(container, "name")
		own = append(own, name)
	}
	return slices.DeleteFunc(own, func(name string) bool { return name == "" }), nil
}
