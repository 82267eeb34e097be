package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// journalName is the Secret that exists while values change: it tells what a rotation that was killed was about to do,
// holds the values on their way, and names them to the Jobs and to Redis (k8s/data/redis), which reads it when it starts.
const journalName = "secrets-rotation"

// journalKey is where the Secret holds the journal itself.
const journalKey = "journal"

// journal is all that a rotation knows.
type journal struct {
	// ID tells this rotation from others, on the pods that it restarts.
	ID      string    `json:"id"`
	Holder  string    `json:"holder"`
	Command string    `json:"command"`
	Started time.Time `json:"started"`
	Changes []change  `json:"changes"`
	// Step is the one that the rotation was about to take, or to take back.
	Step string `json:"step"`
	// Reason says why the rotation is taken back; empty while it goes forward.
	Reason string `json:"reason,omitempty"`
}

// change is one value on its way.
type change struct {
	Secret string `json:"secret"`
	Key    string `json:"key"`
	Old    string `json:"old"`
	New    string `json:"new"`
	// Interim is what the clients use while their server's own password changes; empty when the server can hold two.
	Interim string        `json:"interim,omitempty"`
	Server  config.Server `json:"server,omitempty"`
	// Variables are what the server's Jobs are told.
	Variables map[string]string `json:"variables,omitempty"`
}

// variable is the key in the journal's Secret under which a Job finds one of the change's variables.
func (c change) variable(name string) string { return c.Secret + "." + c.Key + "." + name }

// unfinished is the journal of a rotation that is under way, or was killed: only the lock tells the two apart.
func (s Store) unfinished(ctx context.Context) (*journal, error) {
	object, err := s.Cluster.Get(ctx, s.ref(journalName))
	if cluster.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	values, err := decode(object)
	if err != nil {
		return nil, err
	}
	var left journal
	// The JSON error would repeat a part of what it could not read.
	if json.Unmarshal([]byte(values[journalKey]), &left) != nil {
		return nil, fmt.Errorf("reading %s: it is not the journal of a rotation; look at it, and delete it if nobody needs its values", s.ref(journalName))
	}
	return &left, nil
}

func (r *rotation) saveJournal(ctx context.Context) error {
	j := r.journal
	text, err := json.Marshal(j)
	if err != nil {
		return err
	}
	values := map[string]string{journalKey: string(text)}
	for _, c := range j.Changes {
		for name, value := range c.Variables {
			values[c.variable(name)] = value
		}
	}
	_, err = r.held.Apply(ctx, r.object(journalName, values))
	return err
}

func (r *rotation) deleteJournal(ctx context.Context) error {
	_, err := r.held.Delete(ctx, r.ref(journalName))
	return err
}

// concerns says whether the journal changes exactly the keys of other changes.
func (j journal) concerns(changes []change) bool {
	return slices.EqualFunc(j.Changes, changes, func(a, b change) bool { return a.Secret == b.Secret && a.Key == b.Key })
}
