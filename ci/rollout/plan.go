package rollout

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// plan is the revision that a run brings: a release, and all that its environment renders for it.
type plan struct {
	action  record.Action
	release release.Release
	// restores is the revision that a rollback goes back to; zero for a deploy.
	restores int
	// found is the recorded revision that was found for a rollback.
	found     int
	layers    record.Layers
	packed    record.Rendered
	manifests string
}

// digest is the digest of the revision.
func (p plan) digest() string { return record.Digest(p.release, p.manifests) }

func (p plan) aim() aim { return aim{Action: p.action, Revision: p.digest(), Restores: p.restores} }

// shared are the objects that all slots share, but for what keeps state. Without slots the policies of the release are among
// them, since the pods of both revisions live under them while one replaces the other.
func (p plan) shared() []*cluster.Object {
	shared := p.layers.Platform
	for _, object := range p.layers.Slots[""] {
		if object.GetKind() == "NetworkPolicy" {
			shared = append(shared[:len(shared):len(shared)], object)
		}
	}
	return shared
}

// own are the objects of the release in a slot.
func (p plan) own(slot string) []*cluster.Object {
	var own []*cluster.Object
	for _, object := range p.layers.Slots[slot] {
		if slot != "" || object.GetKind() != "NetworkPolicy" {
			own = append(own, object)
		}
	}
	return own
}

// planner makes the plan of a run from what it is asked and what the cluster shows.
type planner func(ctx context.Context, request Request, f facts) (plan, error)

// planDeploy renders the release for every slot.
func (d *Deployer) planDeploy(ctx context.Context, request Request, f facts) (plan, error) {
	p := plan{action: record.Deploy, release: request.Release, layers: record.Layers{Slots: map[string][]*cluster.Object{}}}
	if err := p.release.ValidateFor(d.Application); err != nil {
		return plan{}, err
	}
	layer := func(name render.LayerName, slot string) ([]*cluster.Object, error) {
		return d.Manifests.Layer(ctx, render.Options{Application: d.Application, Environment: f.environment, Layer: name, Slot: slot, Release: p.release})
	}
	var err error
	if p.layers.Platform, err = layer(render.Platform, ""); err != nil {
		return plan{}, err
	}
	if p.layers.Data, err = layer(render.Data, ""); err != nil {
		return plan{}, err
	}
	if err := d.pinData(ctx, f.environment, p.layers.Data); err != nil {
		return plan{}, err
	}
	for _, slot := range f.slots() {
		if p.layers.Slots[slot], err = layer(render.Slot, slot); err != nil {
			return plan{}, err
		}
	}
	if p.manifests, err = p.layers.Manifests(); err != nil {
		return plan{}, err
	}
	p.packed, err = record.Pack(p.layers)
	return p, err
}

// pinData gives what keeps state its images by digest: the one that runs already, as long as its tag stays the same, since a
// tag that moves elsewhere must not restart a database; else the registry's. An image that the registry does not give keeps
// its tag, which preflight refuses and explains.
func (d *Deployer) pinData(ctx context.Context, environment config.Environment, objects []*cluster.Object) error {
	stores, err := d.Cluster.List(ctx, "apps/v1", "StatefulSet", environment.Namespace, render.PartOfLabel+"="+d.Application.Name)
	if err != nil {
		return err
	}
	running := map[string]string{}
	for _, image := range render.Images(stores) {
		tag, _, _ := strings.Cut(image, "@")
		running[tag] = image
	}
	return render.Pin(ctx, objects, func(ctx context.Context, image string) (string, error) {
		if known := running[image]; known != "" && known != image {
			return known, nil
		}
		if pinned, err := d.Registry.Pin(ctx, image); err == nil {
			return pinned, nil
		}
		return image, nil
	})
}

// planRollback finds the revision to go back to.
func (d *Deployer) planRollback(_ context.Context, request Request, f facts) (plan, error) {
	target, err := f.rollbackTarget(request.To)
	if err != nil {
		return plan{}, err
	}
	p, err := planOf(*target)
	p.action, p.restores, p.found = record.Rollback, target.Origin(), target.Origin()
	if target.Outcome == record.Succeeded {
		p.found = target.Revision
	}
	return p, err
}

// planOf is the plan of a recorded run.
func planOf(r record.Record) (plan, error) {
	layers, err := r.Objects.Unpack()
	if err != nil {
		return plan{}, fmt.Errorf("reading revision %d: %w", r.Revision, err)
	}
	if len(layers.Slots) == 0 {
		return plan{}, fmt.Errorf("reading revision %d: %w", r.Revision, errors.New("its record has no objects"))
	}
	return plan{action: r.Action, release: r.Release, restores: r.Restores, layers: layers, packed: r.Objects, manifests: r.Manifests}, nil
}
