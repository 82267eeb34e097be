package rollout

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// strategy is what differs between environments with slots and without.
type strategy interface {
	// slots are those that a release may be placed in: one, called "", in an environment without slots.
	slots() []string
	// place says where the next release goes, and which slot has the traffic until then.
	place(s state) (slot, previous string)
	// added is the number of pods that a Deployment adds to those there are, of the number that it wants.
	added(wanted int, s state, deployment *cluster.Object) int
	// steps are those of a run, in order.
	steps(force bool) []step
	// resume says at which step a run goes on that was killed.
	resume(s state, left Record) Step
	// takeBack gives the traffic back to what had it before the run's record.
	takeBack(ctx context.Context, r *run, cause error) (reversal, error)
	// abandon closes a killed run whose aim is not this run's.
	abandon(ctx context.Context, r *run, cause error) error
}

// reversal is what became of a run that was taken back.
type reversal struct {
	outcome Outcome
	// done says it in a sentence.
	done string
}

func strategyOf(environment config.Environment) (strategy, error) {
	switch {
	case environment.Strategy == config.RollingUpdate:
		return rolling{}, nil
	case environment.Strategy == config.BlueGreen && len(environment.Slots) == 2:
		return blueGreen{names: [2]string(environment.Slots)}, nil
	}
	return nil, fmt.Errorf("environment %q: strategy %q with %d slots cannot be deployed; it is rolling, or blue-green with two slots",
		environment.Name, environment.Strategy, len(environment.Slots))
}

// blueGreen brings a release up in the slot that has no traffic, and switches.
type blueGreen struct{ names [2]string }

func (b blueGreen) slots() []string { return b.names[:] }

// place takes the slot that is not live. Before the first deploy the second one counts as live, empty as it is: so
// even the first release gets its traffic by a switch, and only after it was verified.
func (b blueGreen) place(s state) (slot, previous string) {
	if live, _ := s.liveSlot(); live == b.names[0] {
		return b.names[1], b.names[0]
	}
	return b.names[0], b.names[1]
}

func (b blueGreen) added(wanted int, _ state, _ *cluster.Object) int { return wanted }

func (b blueGreen) steps(force bool) []step {
	if force {
		return []step{apply, wait, switchOver, prove, verify, observe, settle}
	}
	return []step{apply, wait, verify, switchOver, prove, observe, settle}
}

// resume goes by where the traffic is, not by the journal: that may be one step ahead of what happened.
func (b blueGreen) resume(s state, left Record) Step {
	switch s.movedTo(left.Slot) {
	case 0:
		return StepApply
	case len(s.selected):
		return StepProve
	}
	return StepSwitch
}

// rolling replaces a release in place.
type rolling struct{}

func (rolling) slots() []string { return []string{""} }

func (rolling) place(state) (slot, previous string) { return "", "" }

// added counts only Deployments that are new: the others surge by a pod at most, and not at once.
func (rolling) added(wanted int, s state, deployment *cluster.Object) int {
	for _, existing := range s.deployments {
		if existing.GetName() == deployment.GetName() {
			return max(wanted-replicas(existing), 0)
		}
	}
	return wanted
}

func (rolling) steps(bool) []step { return []step{apply, wait, verify, prove, observe, settle} }

// resume begins again: what is applied already is not changed by applying it again.
func (rolling) resume(state, Record) Step { return StepApply }
