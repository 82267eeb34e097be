package secrets

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
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

// Cluster is what this package needs of the API server.
type Cluster interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
	Create(ctx context.Context, object *cluster.Object) (*cluster.Object, error)
	Apply(ctx context.Context, object *cluster.Object, options cluster.ApplyOptions) (*cluster.Object, error)
}

// Store reads and writes the Secrets of one environment.
type Store struct {
	Cluster     Cluster
	Application config.Application
	Environment config.Environment
}

// Verify says of every required key what there is of it in the cluster. A namespace that does not exist has nothing.
func (s Store) Verify(ctx context.Context) (Report, error) {
	current, err := s.current(ctx)
	if err != nil {
		return Report{}, err
	}
	report := s.report()
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

// current reads the values of every required Secret that exists.
func (s Store) current(ctx context.Context) (map[string]map[string]string, error) {
	if _, err := preflight.Ownership(ctx, s.Cluster, s.Environment, s.Application.Name); err != nil {
		return nil, err
	}
	all := map[string]map[string]string{}
	for _, secret := range s.Environment.Secrets {
		object, err := s.Cluster.Get(ctx, s.ref(secret.Name))
		if cluster.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		values, err := decode(object)
		if err != nil {
			return nil, err
		}
		all[secret.Name] = values
	}
	return all, nil
}

func (s Store) ref(name string) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Secret", Namespace: s.Environment.Namespace, Name: name}
}

func decode(object *cluster.Object) (map[string]string, error) {
	values := map[string]string{}
	data, _ := object.Object["data"].(map[string]any)
	for key, encoded := range data {
		text, _ := encoded.(string)
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, fmt.Errorf("reading %s, key %q: not base64", cluster.RefOf(object), key)
		}
		values[key] = string(value)
	}
	return values, nil
}
