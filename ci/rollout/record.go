package rollout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// Action is what a run was asked to do.
type Action string

const (
	ActionDeploy   Action = "deploy"
	ActionRollback Action = "rollback"
)

// Outcome is how a run ended.
type Outcome string

const (
	// OutcomeRunning is the outcome of a run that is under way, or was killed: only the lock tells the two apart.
	OutcomeRunning   Outcome = "running"
	OutcomeSucceeded Outcome = "succeeded"
	// OutcomeFailed means that the release never took the traffic, or that there was nothing to go back to.
	OutcomeFailed Outcome = "failed"
	// OutcomeReverted means that the release took the traffic and was taken out of it again.
	OutcomeReverted Outcome = "reverted"
	// OutcomeInterrupted means that the run was killed and a later run, with other aims, closed it.
	OutcomeInterrupted Outcome = "interrupted"
)

// Record is what the cluster remembers of one run: enough to explain it, to go back to it, and to take it up when it
// was killed. It holds no secret values: package render refuses manifests that contain a Secret.
type Record struct {
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

	// Manifests is the digest of everything that was rendered for the run; see manifestDigest.
	Manifests string `json:"manifests,omitempty"`
	// Shared is the digest of platform and data, which both slots share; empty for a rollback, which applies neither.
	Shared string `json:"shared,omitempty"`
	// Objects are the rendered objects of the release for each slot that it may be placed in, so that a rollback
	// into either slot applies what was rendered then and not what the manifests say now.
	Objects map[string]Rendered `json:"objects,omitempty"`

	Phases []Phase       `json:"phases,omitempty"`
	Switch *Switch       `json:"switch,omitempty"`
	Watch  *Watch        `json:"watch,omitempty"`
	Smoke  *smoke.Result `json:"smoke,omitempty"`
}

// Origin is the revision that first brought the recorded release: a rollback's is the one that it goes back to.
func (r Record) Origin() int {
	if r.Restores > 0 {
		return r.Restores
	}
	return r.Revision
}

// Rendered is a list of objects as JSON. It stays what it was, byte for byte, from record to record, and is read only
// where it is applied: a record has a hundred times more of it than of everything else.
type Rendered = json.RawMessage

func encode(objects []*cluster.Object) (Rendered, error) {
	data, err := json.Marshal(objects)
	if err != nil {
		return nil, fmt.Errorf("encoding rendered objects: %w", err)
	}
	return data, nil
}

func decode(rendered Rendered) ([]*cluster.Object, error) {
	if rendered == nil {
		return nil, nil
	}
	var objects []*cluster.Object
	if err := json.Unmarshal(rendered, &objects); err != nil {
		return nil, fmt.Errorf("reading recorded objects: %w", err)
	}
	return objects, nil
}

// manifestDigest names rendered objects by their content, so that "nothing changed" can be told without a cluster.
func manifestDigest(layers ...[]*cluster.Object) (string, error) {
	hash := sha256.New()
	for _, objects := range layers {
		data, err := encode(objects)
		if err != nil {
			return "", err
		}
		hash.Write(data)
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}
