package rollout

import (
	"time"

	"github.com/codingbutter/team-dashboard/ci/record"
)

// Status is the state of one environment, read from the cluster.
type Status struct {
	Environment string `json:"environment"`
	Namespace   string `json:"namespace"`
	URL         string `json:"url"`
	// Live is what takes the traffic; nil when nothing was ever deployed.
	Live *Placement `json:"live,omitempty"`
	// Parked is what a rollback returns to in seconds; nil when there is none.
	Parked   *Placement      `json:"parked,omitempty"`
	Services []ServiceStatus `json:"services"`
	// Running is the run under way, or one that was killed; nil when there is none.
	Running *Running `json:"running,omitempty"`
	// Last is the last run that ended; nil when there is none.
	Last *HistoryEntry `json:"last,omitempty"`
	// Problems says in sentences what is not as it should be.
	Problems []string `json:"problems,omitempty"`
	// Next are commands for the reader to go on with.
	Next []string `json:"next,omitempty"`
}

// Placement is a release in a slot.
type Placement struct {
	Release  string    `json:"release"`
	Slot     string    `json:"slot,omitempty"`
	Revision int       `json:"revision,omitempty"`
	Since    time.Time `json:"since,omitzero"`
}

// ServiceStatus is one service of the live release.
type ServiceStatus struct {
	Name     string `json:"name"`
	Desired  int    `json:"desired"`
	Ready    int    `json:"ready"`
	Restarts int    `json:"restarts"`
	// Digest is the image that the pods run; "mixed" when they do not agree.
	Digest string `json:"digest,omitempty"`
	// AsReleased says whether every pod runs the digest that the release names.
	AsReleased bool `json:"asReleased"`
}

// Running is a run that did not end yet.
type Running struct {
	HistoryEntry
	Step record.Step `json:"step"`
	// Alive says whether somebody holds the lock; a run that is not alive was killed, and the next one takes it up.
	Alive bool `json:"alive"`
}

// History lists the recorded runs of an environment, the newest first.
type History struct {
	Environment string         `json:"environment"`
	Entries     []HistoryEntry `json:"entries"`
	// Damaged says of each record that cannot be read why.
	Damaged []string `json:"damaged,omitempty"`
}

// HistoryEntry is a record without its objects.
type HistoryEntry struct {
	Revision int            `json:"revision"`
	Action   record.Action  `json:"action"`
	Release  string         `json:"release"`
	Slot     string         `json:"slot,omitempty"`
	Restores int            `json:"restores,omitempty"`
	Outcome  record.Outcome `json:"outcome"`
	Reason   string         `json:"reason,omitempty"`
	Holder   string         `json:"holder"`
	Command  string         `json:"command"`
	Started  time.Time      `json:"started"`
	Took     time.Duration  `json:"took,omitempty"`
	// Live says whether the revision takes the traffic now, Parked whether a rollback to it takes seconds.
	Live   bool `json:"live,omitempty"`
	Parked bool `json:"parked,omitempty"`
}
