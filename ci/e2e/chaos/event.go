package chaos

import (
	"slices"
	"time"
)

// Step is a step of a run, by its name in the journal.
type Step string

// Steps are all of them, in the order in which a run takes them.
var Steps = []Step{"lock", "apply", "wait", "verify", "switch", "prove", "watch", "settle", "undo"}

const (
	settle Step = "settle"
	undo   Step = "undo"
	prove  Step = "prove"
)

func (s Step) order() int { return slices.Index(Steps, s) }

// Event is a kind of trouble.
type Event string

const (
	CLIKilled        Event = "CLI killed"
	RunFrozen        Event = "run frozen"
	SecondRun        Event = "second run"
	APIServerStopped Event = "API server stopped"
	EtcdStopped      Event = "etcd stopped"
	KubeletStopped   Event = "kubelet stopped"
	RegistryStopped  Event = "registry stopped"
	EngineStopped    Event = "engine stopped"
	PodsLost         Event = "pods lost"
	Conflict         Event = "409"
	Throttled        Event = "429"
	ServerError      Event = "500"
	TimedOut         Event = "time-out"
	AnswerLost       Event = "lost answer"
	HandOnSelector   Event = "hand: selector"
	HandOnService    Event = "hand: Service"
	HandOnRecord     Event = "hand: record"
	HandOnJob        Event = "hand: Job"
	HandOnPolicy     Event = "hand: policy"
)

// Events are all kinds, in the order of the matrix.
var Events = []Event{
	CLIKilled, RunFrozen, SecondRun,
	APIServerStopped, EtcdStopped, KubeletStopped, RegistryStopped, EngineStopped, PodsLost,
	Conflict, Throttled, ServerError, TimedOut, AnswerLost,
	HandOnSelector, HandOnService, HandOnRecord, HandOnJob, HandOnPolicy,
}

// ends says whether the run may not live on, so that no event can follow in it.
func (e Event) ends() bool { return e == CLIKilled || e == RunFrozen || e == EngineStopped }

// passing says whether the event is one refused or lost request, which no run may give up for.
func (e Event) passing() bool {
	return slices.Contains([]Event{Conflict, Throttled, ServerError, TimedOut, AnswerLost}, e)
}

// byHand says whether somebody changes the cluster behind the pipeline's back.
func (e Event) byHand() bool {
	return slices.Contains([]Event{HandOnSelector, HandOnService, HandOnRecord, HandOnJob, HandOnPolicy}, e)
}

// Cell is an event at a step.
type Cell struct {
	Event Event `json:"event"`
	Step  Step  `json:"step"`
}

// Shot is an event that is to be fired.
type Shot struct {
	Cell
	// N is the write of the step at which it is fired, from 1. In a step of fewer writes it is the last moment of the step.
	N int `json:"n"`
	// Variant chooses between forms of the event, and the object that it hits.
	Variant int `json:"variant"`
	// For is how long what is stopped stays stopped.
	For time.Duration `json:"for"`
}

// Then is the command that follows after a round's events.
type Then string

const (
	SameCommand    Then = "the same command"
	AnotherRelease Then = "another release"
	Rollback       Then = "rollback"
	ForcedRollback Then = "rollback --force"
)

var thens = []Then{SameCommand, AnotherRelease, Rollback, ForcedRollback}

// Round is a deploy, what happens to it, and what follows.
type Round struct {
	Number int `json:"number"`
	// Shots are in the order of their steps.
	Shots []Shot `json:"shots"`
	// Broken says that the release fails after it took the traffic, so that the run undoes it.
	Broken bool `json:"broken,omitempty"`
	Then   Then `json:"then"`
	// Text says that the reports are read as people do, and not as JSON.
	Text bool `json:"text,omitempty"`
}

// emptiesWayBack says whether the pods that are lost are those of the slot that the run will go back to.
func (s Shot) emptiesWayBack(r Round) bool { return s.Event == PodsLost && s.Step == prove && r.Broken }
