package rollout

import (
	"context"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/record"
)

// Preview is what a deploy would do, as far as that can be known without a write.
type Preview struct {
	Environment string `json:"environment"`
	URL         string `json:"url"`
	Release     string `json:"release"`
	// Slot is where the release would go; empty in an environment without slots.
	Slot string `json:"slot,omitempty"`
	// Before is the release that is live now; empty when there is none.
	Before string `json:"before,omitempty"`
	// Changes is false when the revision is live already.
	Changes bool `json:"changes"`
	// Objects are those that would be applied, in order.
	Objects []string         `json:"objects,omitempty"`
	Checks  preflight.Report `json:"checks"`
}

// Preview says what Deploy would do, and whether it would work. It only reads.
func (d *Deployer) Preview(ctx context.Context, request Request) (Preview, error) {
	r := &run{Deployer: d, request: request}
	nothing, err := r.resolve(ctx, d.planDeploy)
	if err != nil {
		return Preview{}, err
	}
	preview := Preview{Environment: r.environment.Name, URL: r.environment.URL, Release: r.plan.release.Version,
		Before: r.result.Before, Changes: !nothing}
	if nothing {
		return preview, nil
	}
	preview.Slot = r.destination()
	for _, object := range r.wanted() {
		preview.Objects = append(preview.Objects, object.GetKind()+"/"+object.GetName())
	}
	preview.Checks = r.check(ctx)
	return preview, nil
}

// destination is the slot that a new run would bring its revision up in.
func (r *run) destination() string {
	if !r.found.slotted() {
		return ""
	}
	return r.found.other(r.found.live())
}

// wanted are all objects that a run would apply.
func (r *run) wanted() []*cluster.Object {
	data := r.plan.layers.Data
	if r.plan.action == record.Rollback {
		data = nil
	}
	return slices.Concat(r.plan.layers.Platform, data, r.plan.layers.Slots[r.destination()])
}

// check asks whether the run would work. A rollback does not ask the registry: in an outage of the registry the nodes may
// still have the images, and the wait tells if they do not.
func (r *run) check(ctx context.Context) preflight.Report {
	var images preflight.Images
	if r.plan.action == record.Deploy {
		images = r.Registry
	}
	return preflight.Run(ctx, r.Cluster, images, r.checkInput())
}

func (r *run) checkInput() preflight.Input {
	slot := r.destination()
	objects := r.plan.layers.Slots[slot]
	needed := needs(objects, r.found.readyNow(slot))
	added := map[string]int{}
	for _, deployment := range objects {
		if deployment.GetKind() == "Deployment" {
			added[deployment.GetName()] = r.added(deployment, needed)
		}
	}
	least := r.request.Watch
	if r.request.Force {
		least = 0 // in an emergency a few minutes are better than none
	}
	expires, _ := r.Cluster.CredentialsExpire()
	return preflight.Input{Application: r.Application.Name, Environment: r.environment, Release: r.plan.release, CredentialsExpire: expires,
		Platforms: r.Options.Platforms, Objects: r.wanted(), Idle: slot, Replicas: added, Least: least,
		Most: r.Options.ReadyBudget + r.Options.ProofBudget + r.request.Watch + r.Options.DrainBudget, Checks: r.Checks}
}

// added is the number of pods that a Deployment adds to those there are. Without slots the old ones surge by a pod at most,
// and not at once; in the idle slot what another revision has left there goes first.
func (r *run) added(deployment *cluster.Object, needed map[string]int) int {
	wanted := needed[deployment.GetLabels()["app"]]
	for _, existing := range r.found.running.Deployments {
		if existing.Name == deployment.GetName() {
			return max(wanted-existing.Desired, 0)
		}
	}
	return wanted
}

// Ready says whether an environment could take a release at all: what needs no release to be checked. It only reads.
func (d *Deployer) Ready(ctx context.Context, environment config.Environment) (preflight.Report, error) {
	if err := checkStrategy(environment); err != nil {
		return preflight.Report{}, err
	}
	expires, _ := d.Cluster.CredentialsExpire()
	return preflight.Ready(ctx, d.Cluster, preflight.Input{CredentialsExpire: expires, Application: d.Application.Name, Environment: environment, Checks: d.Checks}), nil
}
