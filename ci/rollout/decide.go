package rollout

import "github.com/codingbutter/team-dashboard/ci/record"

// aim is what a run is to bring about. A run that was killed is gone on with only by a run of the same aim.
type aim struct {
	Action record.Action
	// Revision is the digest of the revision that is to take the traffic.
	Revision string
	// Restores is the number of the revision that a rollback goes back to; zero for a deploy.
	Restores int
}

// traffic is where the stable Services send requests, as one slot sees it.
type traffic string

const (
	// trafficElsewhere means that no stable Service selects the slot.
	trafficElsewhere traffic = "elsewhere"
	// trafficSplit means that some do and some do not, or are missing.
	trafficSplit traffic = "split"
	// trafficHere means that all do.
	trafficHere traffic = "here"
)

// unfinished is a run that has not come to an end. Its lock is ours, so it is dead.
type unfinished struct {
	Aim    aim
	Step   record.Step
	Forced bool
	// Slotted says that it brought its revision up in a slot of its own.
	Slotted bool
	// Traffic is where the traffic is, seen from the slot of the run.
	Traffic traffic
}

// situation is everything that a decision rests on: what the cluster shows, what the record says, what is asked.
type situation struct {
	Asked aim
	Force bool
	// Live is the digest of the revision that has all of the traffic; empty when there is none, or it is not known.
	Live string
	// Clean says that nothing else is left to do for the live revision: its pods run what was released, its objects are as
	// rendered, and no other slot has pods.
	Clean bool
	// Left is a run that has not come to an end; nil when there is none.
	Left *unfinished
}

// decision is what a run does under the lock.
type decision string

const (
	// decideNothing: what was asked for is so.
	decideNothing decision = "nothing"
	// decideStart begins a run with a record of its own.
	decideStart decision = "start"
	// decideResume goes on with the unfinished run, which had the same aim, at a step.
	decideResume decision = "resume"
	// decideUndo takes the unfinished run back. Then it is decided anew.
	decideUndo decision = "undo"
	// decideSettle finishes the unfinished run, which was found good, by its own plan. Then it is decided anew.
	decideSettle decision = "settle"
	// decideClose notes in the record of the unfinished run that it was interrupted. Then it is decided anew.
	decideClose decision = "close"
)

// decide is the one decision of a run; at is the step to resume at. It is asked again after each unfinished run that was
// brought to an end, so it ends with nothing, start or resume.
//
// What a run without slots left is never taken back: the next one applies its own objects over it, and need not wait for
// something that may never become ready. With slots the traffic must first be whole again.
func decide(s situation) (d decision, at record.Step) {
	left := s.Left
	switch {
	case left == nil && s.Clean && s.Live == s.Asked.Revision:
		return decideNothing, ""
	case left == nil:
		return decideStart, ""
	case left.Step == record.StepSettle && left.Aim == s.Asked:
		return decideResume, record.StepSettle
	case left.Step == record.StepSettle:
		return decideSettle, ""
	case left.Step == record.StepUndo && left.Slotted:
		return decideUndo, ""
	case left.Step == record.StepUndo:
		return decideClose, ""
	case left.Aim == s.Asked:
		return decideResume, left.resumeAt()
	case left.Slotted && left.Traffic != trafficHere:
		return decideUndo, ""
	}
	// All of the traffic is with a revision that was verified before it moved, or that was forced.
	return decideClose, ""
}

// resumeAt goes by where the traffic is, not by the journal: that may be one step ahead of what happened. Without slots
// everything is done again, since what is applied already is not changed by applying it again.
func (u unfinished) resumeAt() record.Step {
	switch {
	case !u.Slotted || u.Traffic == trafficElsewhere:
		return record.StepApply
	case u.Traffic == trafficSplit:
		return record.StepSwitch
	}
	return record.StepProve
}
