package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

// WaitOptions limits a wait.
type WaitOptions struct {
	// Budget is how long it may take altogether; zero means 5 minutes. What cannot get better ends the wait at once.
	Budget time.Duration
	// Progress is told what has changed: `dashboard-green 2/3 ready`. Nil is fine.
	Progress func(line string)
}

// defaultBudget leaves room for a slow image pull and a slow start, one after the other.
const defaultBudget = 5 * time.Minute

// WaitError says why something did not become ready.
type WaitError struct {
	// Object is what was waited for, and the pod and container that stand in the way.
	Object string
	// Reason is one word: ErrImagePull, CrashLoopBackOff, FailedCreate, Unschedulable, NotReady, …
	Reason  string
	Message string
	// Logs are the last lines of the container in question, if any.
	Logs string
}

func (e *WaitError) Error() string {
	text := fmt.Sprintf("waiting for %s: %s: %s", e.Object, e.Reason, e.Message)
	if remedy := remedies[e.Reason]; remedy != "" {
		text += "; " + remedy
	}
	if e.Logs != "" {
		text += ":\n    " + strings.ReplaceAll(e.Logs, "\n", "\n    ")
	}
	return text
}

// patiences says how long each kind of trouble may last.
var patiences = map[patience]time.Duration{
	none:       0,
	starting:   time.Minute,
	pulling:    90 * time.Second,
	scheduling: 20 * time.Second,
	leaving:    time.Minute,
}

// WaitReady waits until the newest revision of each Deployment, and nothing else of it, is available in full. What
// cannot get better (an image that does not exist, a quota, a crash loop) ends the wait at once with a *WaitError;
// what may get better ends it after a while.
func (c *Cluster) WaitReady(ctx context.Context, namespace string, deployments []string, options WaitOptions) error {
	return c.waitRollouts(ctx, namespace, "the Deployments "+strings.Join(deployments, ", "), options,
		func(ctx context.Context) ([]rollout, error) { return c.rollouts(ctx, namespace, deployments) })
}

// WaitDaemonSetsReady is WaitReady for DaemonSets: until every node that they select has a pod of the newest revision.
func (c *Cluster) WaitDaemonSetsReady(ctx context.Context, namespace string, daemonSets []string, options WaitOptions) error {
	return c.waitRollouts(ctx, namespace, "the DaemonSets "+strings.Join(daemonSets, ", "), options,
		func(ctx context.Context) ([]rollout, error) { return c.daemonSetRollouts(ctx, namespace, daemonSets) })
}

// waitRollouts looks again and again until all is complete, or cannot become so.
func (c *Cluster) waitRollouts(ctx context.Context, namespace, what string, options WaitOptions, look func(context.Context) ([]rollout, error)) error {
	watch := newVigil(options)
	for {
		states, err := look(ctx)
		if err != nil && (!isTransient(err) || watch.over()) {
			return err
		}
		if err == nil {
			watch.report(states)
			if !slices.ContainsFunc(states, rollout.pending) {
				return nil
			}
			for _, end := range watch.judge(states) {
				if !c.scalesUp(ctx, namespace, end.trouble) {
					return c.waitError(ctx, namespace, end.describe(namespace), end.trouble)
				}
			}
			if watch.over() {
				return c.outOfTime(ctx, namespace, states, watch.budget)
			}
		}
		if !sleep(ctx, c.timing.poll) {
			return fmt.Errorf("waiting for %s in namespace %q: %w", what, namespace, context.Cause(ctx))
		}
	}
}

// vigil is the memory of a wait.
type vigil struct {
	started  time.Time
	budget   time.Duration
	progress func(string)
	told     map[string]string    // the last line about each Deployment
	since    map[string]time.Time // when each trouble was seen first
	restarts map[string]int32     // of each container in trouble, when it was seen first
}

func newVigil(options WaitOptions) *vigil {
	if options.Budget == 0 {
		options.Budget = defaultBudget
	}
	if options.Progress == nil {
		options.Progress = func(string) {}
	}
	return &vigil{started: time.Now(), budget: options.Budget, progress: options.Progress,
		told: map[string]string{}, since: map[string]time.Time{}, restarts: map[string]int32{}}
}

func (v *vigil) over() bool { return time.Since(v.started) >= v.budget }

// report tells what has changed.
func (v *vigil) report(states []rollout) {
	for _, state := range states {
		if line := state.String(); v.told[state.name] != line {
			v.told[state.name] = line
			v.progress(line)
		}
	}
}

// ending is a trouble that has outlasted its patience.
type ending struct {
	rollout
	trouble trouble
}

// judge returns the troubles that have outlasted their patience.
func (v *vigil) judge(states []rollout) []ending {
	var endings []ending
	present := map[string]time.Time{}
	for _, state := range states {
		for _, found := range state.troubles {
			key := strings.Join([]string{state.name, found.pod, found.container, string(found.patience)}, "/")
			first, ok := v.since[key]
			if !ok {
				first = time.Now()
			}
			present[key] = first
			if time.Since(first) >= v.patience(found) {
				endings = append(endings, ending{rollout: state, trouble: found})
			}
		}
	}
	v.since = present // a trouble that went away starts anew when it comes back
	return endings
}

// inherited is the age, at the beginning of a wait, from which a pod's trouble counts as left over from before.
const inherited = time.Minute

// patience is how long the trouble may last. What broke a pod before the wait began may have been put right since (a
// Secret was created, an image pushed), so such a pod ends the wait only when it fails again.
func (v *vigil) patience(found trouble) time.Duration {
	limit := patiences[found.patience]
	if found.pod == "" || v.started.Sub(found.created) < inherited {
		return limit
	}
	if _, ok := v.restarts[found.object()]; !ok {
		v.restarts[found.object()] = found.restarts
	}
	if found.restarts > v.restarts[found.object()] {
		return limit
	}
	return max(limit, found.retry)
}

// complete is the rule of `kubectl rollout status`, made stricter by available == desired: the controller has seen the
// newest specification, all replicas are of its revision, and all of them are available.
func complete(deployment *kinds.Deployment) bool {
	status, desired := deployment.Status, desiredReplicas(deployment)
	return status.ObservedGeneration >= deployment.Generation &&
		status.UpdatedReplicas == desired && status.Replicas == desired && status.AvailableReplicas == desired
}

func desiredReplicas(deployment *kinds.Deployment) int32 {
	if deployment.Spec.Replicas == nil {
		return 1
	}
	return *deployment.Spec.Replicas
}
