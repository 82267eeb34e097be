package secrets

import (
	"context"
	"errors"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/progress"
)

// State is what there is of a key.
type State string

const (
	Present     State = "present"
	Missing     State = "missing"
	Malformed   State = "malformed"
	Placeholder State = "placeholder"
	// What create did:
	Created   State = "created"
	Unchanged State = "unchanged"
	Replaced  State = "replaced"
	// What rotate did:
	Rotated State = "rotated"
)

// Entry is one key of one Secret. Detail never holds a value.
type Entry struct {
	Secret  string `json:"secret"`
	Key     string `json:"key"`
	Purpose string `json:"purpose"`
	State   State  `json:"state"`
	Detail  string `json:"detail,omitempty"`
}

// Report is every key that an environment needs.
type Report struct {
	Environment string  `json:"environment"`
	Namespace   string  `json:"namespace"`
	Entries     []Entry `json:"entries"`
	// Unfinished is the command of a rotation that was killed; empty when there is none.
	Unfinished string `json:"unfinished,omitempty"`
}

// Problems are the entries that a deploy must not meet.
func (r Report) Problems() []Entry {
	var bad []Entry
	for _, entry := range r.Entries {
		if entry.State == Missing || entry.State == Malformed || entry.State == Placeholder {
			bad = append(bad, entry)
		}
	}
	return bad
}

// Store reads and writes the Secrets of one environment. Progress is that of a rotation.
type Store struct {
	Cluster     *cluster.Cluster
	Application config.Application
	Environment config.Environment
	Progress    progress.Reporter
}

// Verify says of every required key what there is of it in the cluster. A namespace that does not exist has nothing.
func (s Store) Verify(ctx context.Context) (Report, error) {
	current, err := s.current(ctx)
	if err != nil {
		return Report{}, err
	}
	report := s.report()
	if left, err := s.unfinished(ctx); err != nil {
		return Report{}, err
	} else if left != nil {
		report.Unfinished = left.Command
	}
	for _, secret := range s.Environment.Secrets {
		for _, key := range secret.Keys {
			report.Entries = append(report.Entries, inspect(secret.Name, key, current[secret.Name][key.Name]))
		}
	}
	return report, nil
}

func (s Store) report() Report {
	return Report{Environment: s.Environment.Name, Namespace: s.Environment.Namespace}
}

func inspect(secret string, key config.Key, value string) Entry {
	entry := Entry{Secret: secret, Key: key.Name, Purpose: key.Purpose, State: Present}
	err := config.CheckValue(key, value)
	switch {
	case errors.Is(err, config.ErrMissing):
		entry.State = Missing
	case errors.Is(err, config.ErrPlaceholder):
		entry.State = Placeholder
	case err != nil:
		entry.State = Malformed
	}
	if err != nil {
		entry.Detail = strings.TrimPrefix(err.Error(), key.Name+": ")
	}
	return entry
}
