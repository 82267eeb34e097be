// Package record is what the cluster remembers of each run: which revision it brought, how far it came, how it ended.
//
// A record is a Secret of the environment's namespace, record-<number>. The run that it tells of writes it before each
// step, so it is the journal, too: who finds a record that is still running, and holds the lock, knows what to finish or
// to take back. It holds no secret values: package render refuses manifests that contain a Secret.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/release"
)

// Format is the version of the records that this pipeline writes. Those of a newer one are not read: what they mean, only
// that pipeline knows.
const Format = 2

// Action is what a run was asked to do.
type Action string

const (
	Deploy   Action = "deploy"
	Rollback Action = "rollback"
)

// Outcome is how a run ended.
type Outcome string

const (
	// Running is the outcome of a run that is under way, or was killed: only the lock tells the two apart.
	Running   Outcome = "running"
	Succeeded Outcome = "succeeded"
	// Failed means that the revision never took the traffic, or that there was nothing to go back to.
	Failed Outcome = "failed"
	// Reverted means that the revision took the traffic and was taken out of it again.
	Reverted Outcome = "reverted"
	// Interrupted means that the run was killed and a later run, with other aims, closed it.
	Interrupted Outcome = "interrupted"
)

// Step names what a run does; the names are those of the phases that people see, and of the journal.
type Step string

const (
	StepResolve   Step = "resolve"
	StepPreflight Step = "preflight"
	StepLock      Step = "lock"
	// StepResume finishes or takes back what a killed run left.
	StepResume Step = "resume"
	StepApply  Step = "apply"
	StepWait   Step = "wait"
	StepVerify Step = "verify"
	StepSwitch Step = "switch"
	StepProve  Step = "prove"
	StepWatch  Step = "watch"
	// StepNarrow takes away what only the previous revision lived on, and looks whether the new one misses it.
	StepNarrow Step = "narrow"
	StepSettle Step = "settle"
	// StepUndo takes back what the steps before did; it is in the journal while that is under way.
	StepUndo Step = "undo"
)

// Record is one run.
type Record struct {
	// Format is the version of the record; zero before there were versions.
	Format int `json:"format,omitempty"`
	// Revision counts the runs of an environment from 1.
	Revision    int             `json:"revision"`
	Environment string          `json:"environment"`
	Action      Action          `json:"action"`
	Release     release.Release `json:"release"`
	// Slot is where the release went; empty in an environment without slots.
	Slot string `json:"slot,omitempty"`
	// Previous is the slot that took the traffic before, with or without a release in it.
	Previous string `json:"previous,omitempty"`
	// Replaces is the revision that was live before; zero when there was none.
	Replaces int `json:"replaces,omitempty"`
	// Restores is the revision that a rollback goes back to; zero for a deploy.
	Restores int `json:"restores,omitempty"`
	// Forced says that a rollback takes the traffic before it is verified, and keeps it.
	Forced bool `json:"forced,omitempty"`

	Holder   string    `json:"holder"`
	Command  string    `json:"command"`
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`

	// Step is the journal: the step that the run was about to take when the record was last saved.
	Step    Step    `json:"step"`
	Outcome Outcome `json:"outcome"`
	// Reason says why the outcome is not succeeded, or what came short of perfect.
	Reason string `json:"reason,omitempty"`
	// Restored says of a run that did not succeed that the shared layers are again those of the revision before it, or
	// that it never touched them.
	Restored bool `json:"restored,omitempty"`

	// Manifests is the digest of everything that was rendered for the environment: platform, data and every slot.
	Manifests string `json:"manifests,omitempty"`
	// Objects is everything that was rendered; it is stored beside the record, not in it.
	Objects Rendered `json:"-"`

	Phases []Phase `json:"phases,omitempty"`
	Switch *Switch `json:"switch,omitempty"`
	// Smoke and Watch are what the smoke suite and the watch found, as the rooms above write them.
	Smoke json.RawMessage `json:"smoke,omitempty"`
	Watch json.RawMessage `json:"watch,omitempty"`
}

// Phase is a step that was taken, and how long it took.
type Phase struct {
	Name     Step          `json:"name"`
	Duration time.Duration `json:"duration"`
	Failed   bool          `json:"failed,omitempty"`
}

// Switch is the evidence that the traffic moved.
type Switch struct {
	// From is empty for a first release: until the switch nobody answered.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Patched is the time from the first write to the last stable Service.
	Patched time.Duration `json:"patched"`
	// Settled is the time from the first write until no fresh connection reached the old release any more.
	Settled time.Duration `json:"settled"`
	// Requests, Old and Failed count the answers of the front door meanwhile: all, those of the old release, and
	// those that were errors.
	Requests int `json:"requests"`
	Old      int `json:"old"`
	Failed   int `json:"failed"`
}

// Origin is the revision that first brought what the record is of: a rollback's is the one that it goes back to.
func (r Record) Origin() int {
	if r.Restores > 0 {
		return r.Restores
	}
	return r.Revision
}

// Digest is the digest of the record's revision.
func (r Record) Digest() string { return Digest(r.Release, r.Manifests) }

// Digest names a revision: a release, which is a version and its image digests, and all that one environment renders for
// it. Two runs that bring the same have the same; a changed replica count is another one.
func Digest(r release.Release, manifests string) string {
	hash := sha256.New()
	write := func(text string) {
		hash.Write([]byte(text))
		hash.Write([]byte{0})
	}
	write(r.Version)
	for _, name := range slices.Sorted(maps.Keys(r.Images)) {
		write(name)
		write(r.Images[name])
	}
	write(manifests)
	return hex.EncodeToString(hash.Sum(nil))[:16]
}
