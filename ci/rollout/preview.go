package rollout

import (
	"context"

	"github.com/codingbutter/team-dashboard/ci/preflight"
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
	// Changes is false when the release is live already.
	Changes bool `json:"changes"`
	// Objects are those that would be applied, in order.
	Objects []string         `json:"objects,omitempty"`
	Checks  preflight.Report `json:"checks"`
}

// Preview says what Deploy would do, and whether it would work. It only reads.
func (d *Deployer) Preview(ctx context.Context, request Request) (Preview, error) {
	r := d.newRun(request, ActionDeploy)
	if err := r.resolve(ctx, r.planDeploy); err != nil {
		return Preview{}, err
	}
	preview := Preview{Environment: r.environment.Name, URL: r.environment.URL, Release: r.plan.release.Version,
		Before: r.result.Before, Changes: !r.done}
	if r.done {
		return preview, nil
	}
	input := r.preflightInput()
	preview.Slot, _ = r.strategy.place(r.state)
	for _, object := range input.Objects {
		preview.Objects = append(preview.Objects, object.GetKind()+"/"+object.GetName())
	}
	preview.Checks = preflight.Run(ctx, r.Cluster, r.Images, input)
	return preview, nil
}
