package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// Status says what runs in an environment, whether it is as it should be, and what to do next. It answers whatever state the
// environment is in: what cannot be read is one of the problems that it tells.
func (o Observer) Status(ctx context.Context, name string) (Status, error) {
	f, err := o.look(ctx, name)
	if err != nil {
		return Status{}, err
	}
	status := Status{Environment: f.environment.Name, Namespace: f.environment.Namespace, URL: f.environment.URL}
	for _, damaged := range f.history.Damaged {
		status.Problems = append(status.Problems, damagedText(damaged))
	}
	o.addLive(ctx, f, &status)
	o.addRuns(ctx, f, &status)
	for _, check := range o.Checks {
		if _, err := check.Ask(ctx, f.environment); err != nil {
			status.Problems = append(status.Problems, err.Error())
		}
	}
	status.Next = status.next(f)
	return status, nil
}

// addLive fills in what takes the traffic, what is parked, and how the services are.
func (o Observer) addLive(ctx context.Context, f facts, status *Status) {
	slot, whole := f.whole()
	if !whole && len(f.selected)+len(f.running.Deployments) > 0 {
		status.Problems = append(status.Problems, f.disagreement())
	}
	version := f.version(slot)
	if !whole || version == "" || !f.occupied(slot) {
		return
	}
	status.Live = &Placement{Release: version, Slot: slot}
	live, parked := f.placed()
	if parked != nil {
		status.Parked = placement(*parked)
	}
	released := record.Record{}
	if live != nil {
		status.Live, released = placement(*live), *live
	}
	status.Services = f.services(slot, released.Release)
	for _, service := range status.Services {
		status.Problems = append(status.Problems, service.problems(live != nil)...)
	}
	found, err := listRoutes(ctx, o.Cluster, o.Application, f.environment.Namespace)
	if err != nil {
		status.Problems = append(status.Problems, err.Error())
	}
	for _, object := range found {
		if closed := whyClosed(object); closed != "" {
			status.Problems = append(status.Problems, fmt.Sprintf("%s: %s", cluster.RefOf(object), closed))
		}
	}
}

// disagreement says how the stable Services are not whole.
func (f facts) disagreement() string {
	var said []string
	for _, service := range f.application.Services {
		selected, found := f.selected[service.Name]
		switch {
		case !found:
			said = append(said, fmt.Sprintf("%s is missing", service.Name))
		case selected == "" && f.slotted():
			said = append(said, fmt.Sprintf("%s selects no slot", service.Name))
		default:
			said = append(said, fmt.Sprintf("%s selects %q", service.Name, selected))
		}
	}
	return fmt.Sprintf("the stable Services of %s disagree: %s", f.environment.Name, strings.Join(said, ", "))
}

func placement(r record.Record) *Placement {
	return &Placement{Release: r.Release.Version, Slot: r.Slot, Revision: r.Revision, Since: r.Finished}
}

// addRuns fills in the run under way and the last one that ended.
func (o Observer) addRuns(ctx context.Context, f facts, status *Status) {
	if left := f.history.Unfinished(); left != nil {
		alive, err := o.locked(ctx, f.environment.Namespace)
		if err != nil {
			status.Problems = append(status.Problems, err.Error())
		}
		status.Running = &Running{HistoryEntry: entryOf(*left), Step: left.Step, Alive: alive}
		if !alive {
			status.Problems = append(status.Problems, fmt.Sprintf("revision %d (%s of %s) was interrupted at step %q", left.Revision, left.Action, left.Release.Version, left.Step))
		}
	}
	for _, r := range f.history.Records {
		if r.Outcome != record.Running {
			entry := entryOf(r)
			status.Last = &entry
			break
		}
	}
}

// locked says whether somebody holds the environment's lock and renewed it in time, by this machine's clock: good
// enough to tell people, not to decide upon.
func (o Observer) locked(ctx context.Context, namespace string) (bool, error) {
	lease, err := o.Cluster.Get(ctx, lock.Ref(namespace))
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
	return holder != "" && err == nil && time.Now().Before(last.Add(time.Duration(seconds)*time.Second)), nil
}

// next are the commands that follow from what was found.
func (s Status) next(f facts) []string {
	deploy := "dagger call deploy --env " + s.Environment
	rollback := "dagger call rollback --env " + s.Environment
	_, whole := f.whole()
	last := f.lastGood()
	switch {
	case slices.ContainsFunc(f.history.Damaged, func(d record.Damaged) bool { return d.Newer }):
		return []string{"dagger call history --env " + s.Environment}
	case s.Running != nil && s.Running.Alive:
		return []string{"dagger call status --env " + s.Environment}
	case s.Running != nil && (s.Running.Action == record.Rollback || s.Running.Step == record.StepUndo) && last != nil:
		return []string{rollback}
	case s.Running != nil && last != nil:
		return []string{fmt.Sprintf("%s --release %s", deploy, s.Running.Release), rollback}
	case s.Running != nil:
		return []string{fmt.Sprintf("%s --release %s", deploy, s.Running.Release)}
	case !whole && last != nil:
		// Every recorded revision can be brought back; the last good one is what should be live.
		return []string{fmt.Sprintf("%s --to %d", rollback, last.Revision)}
	case s.Live == nil:
		return []string{deploy}
	case len(s.Problems) > 0 && len(f.history.Records) > 1:
		return []string{"dagger call health-check --env " + s.Environment, rollback}
	case len(s.Problems) > 0:
		return []string{"dagger call health-check --env " + s.Environment}
	case s.Parked != nil:
		return []string{rollback, "dagger call history --env " + s.Environment}
	}
	return []string{"dagger call history --env " + s.Environment}
}
