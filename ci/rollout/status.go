package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/preflight"
)

// Status says what runs in an environment, whether it is as it should be, and what to do next.
func (o Observer) Status(ctx context.Context, name string) (Status, error) {
	s, err := o.look(ctx, name)
	if err != nil {
		return Status{}, err
	}
	status := Status{Environment: s.environment.Name, Namespace: s.environment.Namespace, URL: s.environment.URL}
	if err := o.addLive(ctx, s, &status); err != nil {
		return Status{}, err
	}
	if err := o.addRuns(ctx, s, &status); err != nil {
		return Status{}, err
	}
	var restoring *preflight.UnfinishedRestoreError
	if err := preflight.Restoring(ctx, o.Cluster, s.environment); errors.As(err, &restoring) {
		status.Problems = append(status.Problems, err.Error())
	} else if err != nil {
		return Status{}, err
	}
	status.Next = status.next()
	return status, nil
}

// addLive fills in what takes the traffic, what is parked, and how the services are.
func (o Observer) addLive(ctx context.Context, s state, status *Status) error {
	slot, err := s.liveSlot()
	if err != nil {
		status.Problems = append(status.Problems, err.Error())
		return nil
	}
	version := s.version(slot)
	if version == "" || !s.occupied(slot) {
		return nil
	}
	status.Live = &Placement{Release: version, Slot: slot}
	live, parked := s.placed()
	if parked != nil {
		status.Parked = parked.placement()
	}
	released := Record{}
	if live != nil {
		status.Live, released = live.placement(), *live
	}
	if status.Services, err = readServices(ctx, o.Cluster, o.Application, s.environment, slot, released.Release); err != nil {
		return err
	}
	for _, service := range status.Services {
		status.Problems = append(status.Problems, service.problems(live != nil)...)
	}
	return o.addWaysIn(ctx, s.environment.Namespace, status)
}

// addWaysIn names the Gateways and routes by which no request comes in.
func (o Observer) addWaysIn(ctx context.Context, namespace string, status *Status) error {
	found, err := listWaysIn(ctx, o.Cluster, o.Application, namespace)
	for _, object := range found {
		if closed := whyClosed(object); closed != "" {
			status.Problems = append(status.Problems, fmt.Sprintf("%s: %s", cluster.RefOf(object), closed))
		}
	}
	return err
}

func (r Record) placement() *Placement {
	return &Placement{Release: r.Release.Version, Slot: r.Slot, Revision: r.Revision, Since: r.Finished}
}

// problems says what is wrong with a service; digests only count when there is a record of what they should be.
func (s ServiceStatus) problems(recorded bool) []string {
	var problems []string
	if s.Ready < s.Desired || s.Desired == 0 {
		problems = append(problems, fmt.Sprintf("%s: %d of %d pods are ready", s.Name, s.Ready, s.Desired))
	}
	if recorded && s.Digest != "" && !s.AsReleased {
		problems = append(problems, fmt.Sprintf("%s: its pods do not run what was released, but %s", s.Name, s.Digest))
	}
	return problems
}

// addRuns fills in the run under way and the last one that ended.
func (o Observer) addRuns(ctx context.Context, s state, status *Status) error {
	if left := s.unfinished(); left != nil {
		alive, err := o.locked(ctx, s.environment.Namespace)
		if err != nil {
			return err
		}
		status.Running = &Running{HistoryEntry: entryOf(*left), Step: left.Step, Alive: alive}
		if !alive {
			status.Problems = append(status.Problems, fmt.Sprintf("revision %d (%s of %s) was interrupted at step %q", left.Revision, left.Action, left.Release.Version, left.Step))
		}
	}
	for _, record := range s.records {
		if record.Outcome != OutcomeRunning {
			entry := entryOf(record)
			status.Last = &entry
			break
		}
	}
	return nil
}

// locked says whether somebody holds the environment's lock and renewed it in time, by this machine's clock: good
// enough to tell people, not to decide upon.
func (o Observer) locked(ctx context.Context, namespace string) (bool, error) {
	lease, err := o.Cluster.Get(ctx, cluster.Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: namespace, Name: cluster.LockName})
	if cluster.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	holder, _, _ := unstructured.NestedString(lease.Object, "spec", "holderIdentity")
	renewed, _, _ := unstructured.NestedString(lease.Object, "spec", "renewTime")
	seconds, _, _ := unstructured.NestedInt64(lease.Object, "spec", "leaseDurationSeconds")
	last, err := time.Parse(time.RFC3339Nano, renewed)
	return holder != "" && err == nil && o.Clock.Now().Before(last.Add(time.Duration(seconds)*time.Second)), nil
}

// next are the commands that follow from what was found.
func (s Status) next() []string {
	deploy := "dagger call deploy --env " + s.Environment
	rollback := "dagger call rollback --env " + s.Environment
	switch {
	case s.Running != nil && s.Running.Alive:
		return []string{"dagger call status --env " + s.Environment}
	case s.Running != nil && (s.Running.Action == ActionRollback || s.Running.Step == StepUndo):
		return []string{rollback}
	case s.Running != nil:
		return []string{fmt.Sprintf("%s --release %s", deploy, s.Running.Release), rollback}
	case s.Live == nil:
		return []string{deploy}
	case len(s.Problems) > 0:
		return []string{"dagger call health-check --env " + s.Environment, rollback}
	case s.Parked != nil:
		return []string{rollback, "dagger call history --env " + s.Environment}
	}
	return []string{"dagger call history --env " + s.Environment}
}
