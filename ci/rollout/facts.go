package rollout

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

const (
	labelManagedBy = "app.kubernetes.io/managed-by"
	// revisionAnnotation on a release's Deployments is the digest of the revision that they were applied for. It is not
	// in the pods' template, where it would restart pods that did not change.
	revisionAnnotation = "team-dashboard.app/revision"
)

// facts are what the cluster shows of an environment. Which slot is live is what the selectors of the stable Services
// say; the records only remember.
type facts struct {
	application config.Application
	environment config.Environment
	// selected is the slot that each stable Service sends its traffic to; Services that do not exist are left out.
	selected map[string]string
	// running are the Deployments of the releases and their pods, in every slot.
	running workload.Snapshot
	history record.History
}

// readFacts looks at an environment.
func readFacts(ctx context.Context, api *cluster.Cluster, app config.Application, environment config.Environment) (facts, error) {
	f := facts{application: app, environment: environment}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		f, err = f.again(groupCtx, api)
		return err
	})
	var history record.History
	group.Go(func() (err error) {
		history, err = record.Read(groupCtx, api, environment.Namespace)
		return err
	})
	err := group.Wait()
	f.history = history
	return f, err
}

// again reads anew what changes during a run: where the traffic goes, and what is in the slots.
func (f facts) again(ctx context.Context, api *cluster.Cluster) (facts, error) {
	services, err := api.List(ctx, "v1", "Service", f.environment.Namespace, render.PartOfLabel+"="+f.application.Name)
	if err != nil {
		return f, err
	}
	f.selected = map[string]string{}
	for _, service := range services {
		if isStableService(f.application, service) {
			f.selected[service.GetName()] = selectedSlot(service)
		}
	}
	f.running, err = workload.Read(ctx, api, f.environment.Namespace, releaseSelector(f.application, ""))
	return f, err
}

// releaseSelector selects what belongs to releases: in one slot, or in all when slot is empty.
func releaseSelector(app config.Application, slot string) string {
	selector := render.PartOfLabel + "=" + app.Name + "," + render.VersionLabel
	if slot != "" {
		selector += "," + render.SlotLabel + "=" + slot
	}
	return selector
}

func selectedSlot(service *cluster.Object) string {
	slot, _, _ := unstructured.NestedString(service.Object, "spec", "selector", render.SlotLabel)
	return slot
}

// slots are those that a release may be placed in: one, called "", in an environment without slots.
func (f facts) slots() []string {
	if len(f.environment.Slots) == 0 {
		return []string{""}
	}
	return f.environment.Slots
}

// slotted says whether releases have slots of their own, and their traffic is switched.
func (f facts) slotted() bool { return len(f.environment.Slots) > 0 }

// other is the slot beside the given one.
func (f facts) other(slot string) string {
	slots := f.slots()
	return slots[(slices.Index(slots, slot)+1)%len(slots)]
}

// traffic says where the stable Services send requests, seen from a slot.
func (f facts) traffic(slot string) traffic {
	here := 0
	for _, selected := range f.selected {
		if selected == slot {
			here++
		}
	}
	switch here {
	case 0:
		return trafficElsewhere
	case len(f.application.Services):
		return trafficHere
	}
	return trafficSplit
}

// whole says whether all stable Services are there and select one and the same slot.
func (f facts) whole() (slot string, ok bool) {
	for _, slot := range f.slots() {
		if f.traffic(slot) == trafficHere {
			return slot, true
		}
	}
	return "", false
}

// live is the slot that counts as live. Where the stable Services disagree it is the one that they should select: that of
// the last revision that was found good, else one that has pods. Before the first deploy the second slot counts as live,
// empty as it is: so even the first release gets its traffic by a switch, and only after it was verified.
func (f facts) live() string {
	if slot, ok := f.whole(); ok {
		return slot
	}
	slots := f.slots()
	for i := range f.history.Records {
		r := &f.history.Records[i]
		if r.Outcome == record.Succeeded && slices.Contains(slots, r.Slot) && f.occupied(r.Slot) {
			return r.Slot
		}
	}
	byTraffic := slices.SortedFunc(slices.Values(slots), func(a, b string) int { return f.count(b) - f.count(a) })
	for _, slot := range byTraffic {
		if f.occupied(slot) {
			return slot
		}
	}
	return slots[len(slots)-1]
}

// count is the number of stable Services that select a slot.
func (f facts) count(slot string) int {
	return len(slices.DeleteFunc(slices.Collect(maps.Values(f.selected)), func(selected string) bool { return selected != slot }))
}

// in returns the Deployments in a slot.
func (f facts) in(slot string) []workload.Deployment {
	var found []workload.Deployment
	for _, deployment := range f.running.Deployments {
		if deployment.Labels[render.SlotLabel] == slot {
			found = append(found, deployment)
		}
	}
	return found
}

// agreed is the value that all Deployments of a slot have; empty when they disagree, or there are none.
func (f facts) agreed(slot string, value func(workload.Deployment) string) string {
	agreed := ""
	for i, deployment := range f.in(slot) {
		if found := value(deployment); i == 0 {
			agreed = found
		} else if found != agreed {
			return ""
		}
	}
	return agreed
}

// revision is the digest of the revision in a slot; empty when there is none, when its Deployments disagree, or when it was
// applied by hand or by a pipeline that did not note it.
func (f facts) revision(slot string) string {
	return f.agreed(slot, func(d workload.Deployment) string { return d.Annotations[revisionAnnotation] })
}

// version is the version of the release in a slot; empty when there is none, or when its Deployments disagree.
func (f facts) version(slot string) string {
	return f.agreed(slot, func(d workload.Deployment) string { return d.Labels[render.VersionLabel] })
}

// occupied says whether a slot has, or is about to have, pods.
func (f facts) occupied(slot string) bool {
	return slices.ContainsFunc(f.in(slot), func(d workload.Deployment) bool { return d.Desired > 0 })
}

// recordOf finds the record of the revision in a slot: the newest that succeeded, else the newest. What an earlier pipeline
// applied is known by its version alone.
func (f facts) recordOf(slot string) *record.Record {
	revision, version := f.revision(slot), f.version(slot)
	var newest *record.Record
	for i := range f.history.Records {
		r := &f.history.Records[i]
		if r.Slot != slot || r.Release.Version != version || revision != "" && r.Digest() != revision {
			continue
		}
		if r.Outcome == record.Succeeded {
			return r
		}
		if newest == nil {
			newest = r
		}
	}
	return newest
}

// lastGood is the newest record that succeeded; nil when there is none.
func (f facts) lastGood() *record.Record {
	for i := range f.history.Records {
		if f.history.Records[i].Outcome == record.Succeeded {
			return &f.history.Records[i]
		}
	}
	return nil
}

// replaced is the record of what has the traffic, which a run is about to replace; nil when nothing has it. Without slots
// that is the last revision that was found good, whatever a failed run has left of its own.
func (f facts) replaced() *record.Record {
	if !f.slotted() {
		return f.lastGood()
	}
	live := f.live()
	if !f.occupied(live) {
		return nil
	}
	return f.recordOf(live)
}

// releaseIn is the release in a slot as far as it is known: of one that was applied by hand only the version is.
func (f facts) releaseIn(slot string) release.Release {
	if r := f.recordOf(slot); r != nil {
		return r.Release
	}
	return release.Release{Version: f.version(slot)}
}
