package workload

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Options limits a wait.
type Options struct {
	// Budget is how long it may take altogether; zero means 5 minutes. The time in which the API server does not answer
	// does not count.
	Budget time.Duration
	// Progress is told what has changed: `dashboard-green 2/3 ready`. Nil is fine.
	Progress func(line string)
}

// defaultBudget leaves room for a slow image pull and a slow start, one after the other.
const defaultBudget = 5 * time.Minute

// poll is the pause between two looks at what is waited for.
const poll = 250 * time.Millisecond

// WaitDeployments waits until the newest revision of each Deployment, and nothing else of it, is available in full. What
// cannot get better (an image that does not exist, a quota, a crash loop) ends the wait at once with a *WaitError;
// what may get better ends it after a while, and what is nobody's fault here (an eviction, a node that is on its way)
// when the budget is spent.
func WaitDeployments(ctx context.Context, api *cluster.Cluster, namespace string, names []string, options Options) error {
	return wait(ctx, api, namespace, "the Deployments "+strings.Join(names, ", "), options,
		func(ctx context.Context) ([]state, error) { return deploymentStates(ctx, api, namespace, names) })
}

// WaitStatefulSets is WaitDeployments for StatefulSets: until all of their pods are of the newest revision and available.
func WaitStatefulSets(ctx context.Context, api *cluster.Cluster, namespace string, names []string, options Options) error {
	return wait(ctx, api, namespace, "the StatefulSets "+strings.Join(names, ", "), options,
		func(ctx context.Context) ([]state, error) { return statefulSetStates(ctx, api, namespace, names) })
}

// WaitDaemonSets is WaitDeployments for DaemonSets: until every node that they select has a pod of the newest revision.
func WaitDaemonSets(ctx context.Context, api *cluster.Cluster, namespace string, names []string, options Options) error {
	return wait(ctx, api, namespace, "the DaemonSets "+strings.Join(names, ", "), options,
		func(ctx context.Context) ([]state, error) { return daemonSetStates(ctx, api, namespace, names) })
}

// wait looks again and again until all is complete, or cannot become so.
func wait(ctx context.Context, api *cluster.Cluster, namespace, what string, options Options, look func(context.Context) ([]state, error)) error {
	watch := newTracker(options)
	causes := newCauses(api, namespace)
	for {
		states, err := look(ctx)
		if err := watch.note(err); err != nil {
			return err
		}
		if err == nil {
			watch.report(states)
			if !slices.ContainsFunc(states, state.pending) {
				return nil
			}
			for _, late := range watch.overdue(states) {
				if !causes.nodeComing(ctx, late.problem) {
					return causes.waitError(ctx, late.describe(namespace), late.problem)
				}
			}
			if watch.over() {
				return causes.outOfTime(ctx, states, watch.budget)
			}
		}
		if !cluster.Sleep(ctx, poll) {
			return fmt.Errorf("waiting for %s in namespace %q: %w", what, namespace, context.Cause(ctx))
		}
	}
}

// WaitStale waits until no pod is left of what the Deployments that the selector finds ran before: none that terminates,
// none of an older ReplicaSet. Such pods still answer on the connections that they have.
func WaitStale(ctx context.Context, api *cluster.Cluster, namespace, selector string, options Options) error {
	watch := newTracker(options)
	for {
		snapshot, err := Read(ctx, api, namespace, selector)
		if err := watch.note(err); err != nil {
			return err
		}
		if err == nil {
			stale := snapshot.Stale()
			if len(stale) == 0 {
				return nil
			}
			line := fmt.Sprintf("waiting for %d old pods to end: %s", len(stale), describePods(stale))
			if watch.over() {
				return fmt.Errorf("%s: in namespace %q after %s; look at their nodes and at their grace periods", line, namespace, watch.budget)
			}
			watch.tell("", line)
		}
		if !cluster.Sleep(ctx, poll) {
			return fmt.Errorf("waiting for the old pods in namespace %q to end: %w", namespace, context.Cause(ctx))
		}
	}
}

// namedPods is how many pods a line names.
const namedPods = 3

func describePods(pods []Pod) string {
	var names []string
	for _, pod := range pods[:min(len(pods), namedPods)] {
		name := pod.Name
		if pod.Node != "" {
			name += " on node " + pod.Node
		}
		names = append(names, name)
	}
	if len(pods) > namedPods {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}
