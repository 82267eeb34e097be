package rollout

import (
	"context"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// plan is what a run is going to place.
type plan struct {
	release release.Release
	// restores is the revision that a rollback goes back to; zero for a deploy.
	restores int
	// platform and data stay as they are in a rollback, which leaves them empty.
	platform, data []*cluster.Object
	// slots are the release's objects for each slot that it may be placed in; recorded is the same for the record.
	slots    map[string][]*cluster.Object
	recorded map[string]Rendered
	// manifests is the digest of all layers, shared that of platform and data alone.
	manifests, shared string
}

// planDeploy renders the release for every slot. It does so once: a second call, under the lock, changes nothing.
func (r *run) planDeploy(ctx context.Context) (err error) {
	if r.plan.manifests != "" {
		return nil
	}
	p := plan{release: r.request.Release, slots: map[string][]*cluster.Object{}, recorded: map[string]Rendered{}}
	r.result.Release = p.release.Version
	if err = p.release.ValidateFor(r.Application); err != nil {
		return err
	}
	if p.platform, err = r.render(ctx, render.Platform, ""); err != nil {
		return err
	}
	if p.data, err = r.renderData(ctx); err != nil {
		return err
	}
	layers := [][]*cluster.Object{p.platform, p.data}
	if p.shared, err = manifestDigest(layers...); err != nil {
		return err
	}
	for _, slot := range r.strategy.slots() {
		if p.slots[slot], err = r.render(ctx, render.Slot, slot); err != nil {
			return err
		}
		if p.recorded[slot], err = encode(p.slots[slot]); err != nil {
			return err
		}
		layers = append(layers, p.slots[slot])
	}
	if p.manifests, err = manifestDigest(layers...); err != nil {
		return err
	}
	r.plan = p
	return nil
}

func (r *run) render(ctx context.Context, layer render.LayerName, slot string) ([]*cluster.Object, error) {
	return r.Manifests.Layer(ctx, render.Options{Application: r.Application, Environment: r.environment, Layer: layer, Slot: slot, Release: r.request.Release})
}

// renderData renders what keeps state, with its images by digest: the one that runs already, as long as its tag stays
// the same, since a tag that moves elsewhere must not restart a database; else the registry's. An image that the
// registry does not give keeps its tag, which preflight refuses and explains.
func (r *run) renderData(ctx context.Context) ([]*cluster.Object, error) {
	stores, err := r.Cluster.List(ctx, "apps/v1", "StatefulSet", r.environment.Namespace, render.PartOfLabel+"="+r.Application.Name)
	if err != nil {
		return nil, err
	}
	running := map[string]string{}
	for _, image := range render.Images(stores) {
		tag, _, _ := strings.Cut(image, "@")
		running[tag] = image
	}
	objects, err := r.render(ctx, render.Data, "")
	if err != nil {
		return nil, err
	}
	return objects, render.Pin(ctx, objects, func(ctx context.Context, image string) (string, error) {
		if known := running[image]; known != "" && known != image {
			return known, nil
		}
		if pinned, err := r.Images.Pin(ctx, image); err == nil {
			return pinned, nil
		}
		return image, nil
	})
}

// planRollback finds the record to go back to. What it says may change until the lock is held, so it is asked again.
func (r *run) planRollback(context.Context) error {
	target, err := r.rollbackTarget()
	if err != nil {
		return err
	}
	r.plan = plan{release: target.Release, restores: target.Origin(), recorded: target.Objects, manifests: target.Manifests,
		slots: map[string][]*cluster.Object{}}
	for _, slot := range r.strategy.slots() {
		if r.plan.slots[slot], err = decode(target.Objects[slot]); err != nil {
			return err
		}
	}
	r.result.Release = target.Release.Version
	return nil
}

// checkLive ends the run when what it wants is there already: the release in the live slot, all of it as recorded, the
// other slot parked, and no run that was interrupted.
func (r *run) checkLive(ctx context.Context) error {
	slot, err := r.state.liveSlot()
	if err != nil || r.state.unfinished() != nil {
		return nil // begin deals with both, under the lock
	}
	r.result.Before = r.state.version(slot)
	record := r.state.recordOf(slot)
	if record == nil || !r.wanted(*record) || !r.sharedAsWanted() || r.occupiedBeside(slot) {
		return nil
	}
	services, err := readServices(ctx, r.Cluster, r.Application, r.environment, slot, record.Release)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(services, func(service ServiceStatus) bool { return !service.AsReleased }) {
		return nil
	}
	r.done = true
	r.result.Outcome, r.result.Slot, r.result.Revision, r.result.Services = OutcomeSucceeded, slot, record.Revision, services
	return nil
}

// wanted says whether a record is of what this run is to bring about. A rollback leaves the manifests aside: it brings
// back what was rendered then.
func (r *run) wanted(record Record) bool {
	same := record.Outcome == OutcomeSucceeded && sameRelease(record, Record{Release: r.plan.release})
	return same && (r.action == ActionRollback || record.Manifests == r.plan.manifests)
}

// sharedAsWanted says whether platform and data are as this run is to bring about: what the last run that applied them
// had, though it failed or was rolled back since, which leaves both as they are.
func (r *run) sharedAsWanted() bool {
	if r.action == ActionRollback {
		return true
	}
	applied := slices.IndexFunc(r.state.records, func(record Record) bool { return record.Action == ActionDeploy })
	return applied < 0 || r.state.records[applied].Shared == r.plan.shared
}

// occupiedBeside says whether another slot than the given one has pods.
func (r *run) occupiedBeside(slot string) bool {
	return slices.ContainsFunc(r.strategy.slots(), func(other string) bool { return other != slot && r.state.occupied(other) })
}
