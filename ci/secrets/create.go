package secrets

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// CreateOptions says what create may do.
type CreateOptions struct {
	// Generate makes random values for keys that allow it and are neither in the file nor in the cluster.
	Generate bool
	// Overwrite replaces values in the cluster that differ from the file's.
	Overwrite bool
}

// Create writes the environment's Secrets from an env file. Everything is checked first, and all problems are
// reported at once, by name; then nothing was written. Values that are there already are left alone.
func (s Store) Create(ctx context.Context, envFile string, options CreateOptions) (Report, error) {
	given, err := parseEnv(envFile)
	if err != nil {
		return Report{}, err
	}
	current, err := s.current(ctx)
	if err != nil {
		return Report{}, err
	}
	plan := planner{options: options, given: given, known: s.envNames(), report: s.report()}
	wanted := map[string]map[string]string{}
	for _, secret := range s.Environment.Secrets {
		wanted[secret.Name] = plan.secret(secret, current[secret.Name])
	}
	if err := plan.refuse(); err != nil {
		return Report{}, err
	}
	if err := s.ensureNamespace(ctx); err != nil {
		return Report{}, err
	}
	for _, secret := range s.Environment.Secrets {
		if maps.Equal(current[secret.Name], wanted[secret.Name]) {
			continue
		}
		if _, err := s.Cluster.Apply(ctx, s.object(secret.Name, wanted[secret.Name]), cluster.ApplyOptions{}); err != nil {
			return Report{}, err
		}
	}
	return plan.report, nil
}

// planner decides for every key which value it will have, and collects what is wrong.
type planner struct {
	options CreateOptions
	given   map[string]string
	// known are the names that any environment needs, so that one file may serve them all.
	known    map[string]bool
	report   Report
	problems []string
	// made are generated values by env name, so that Secrets that share a value share the generated one.
	made map[string]string
}

func (p *planner) secret(secret config.Secret, current map[string]string) map[string]string {
	values := map[string]string{}
	for _, key := range secret.Keys {
		value, state := p.value(secret.Name, key, current[key.Name])
		entry := inspect(secret.Name, key, value)
		if entry.State == Present {
			entry.State = state
		} else {
			p.problems = append(p.problems, fmt.Sprintf("%s (%s of %s): %s", EnvName(key.Name), key.Name, secret.Name, entry.Detail))
		}
		values[key.Name] = value
		p.report.Entries = append(p.report.Entries, entry)
	}
	return values
}

func (p *planner) value(secret string, key config.Key, current string) (string, State) {
	name := EnvName(key.Name)
	given, inFile := p.given[name]
	switch {
	case inFile && current == "":
		return given, Created
	case inFile && given != current && !p.options.Overwrite:
		p.problems = append(p.problems, fmt.Sprintf("%s (%s of %s): the cluster has another value; pass --overwrite to replace it", name, key.Name, secret))
		return given, Unchanged
	case inFile && given != current:
		return given, Replaced
	case current != "":
		return current, Unchanged
	case p.options.Generate && key.Generated:
		return p.generate(name), Created
	}
	return "", Missing
}

// generate makes 32 random bytes, which is what the longest minimum of the table asks for.
func (p *planner) generate(name string) string {
	if p.made == nil {
		p.made = map[string]string{}
	}
	if p.made[name] == "" {
		random := make([]byte, 32)
		_, _ = rand.Read(random) // never fails, says its documentation
		p.made[name] = base64.RawURLEncoding.EncodeToString(random)
	}
	return p.made[name]
}

// refuse reports everything that is wrong. A name in the file that nothing needs is most likely misspelt.
func (p *planner) refuse() error {
	for _, name := range slices.Sorted(maps.Keys(p.given)) {
		if !p.known[name] {
			p.problems = append(p.problems, name+": no Secret needs it; check the spelling")
		}
	}
	if len(p.problems) == 0 {
		return nil
	}
	return fmt.Errorf("secrets of %s: nothing was written:\n  %s", p.report.Environment, strings.Join(p.problems, "\n  "))
}

// envNames are the names in an env file that stand for a key of some environment.
func (s Store) envNames() map[string]bool {
	names := map[string]bool{}
	for _, environment := range s.Application.Environments {
		for _, secret := range environment.Secrets {
			for _, key := range secret.Keys {
				names[EnvName(key.Name)] = true
			}
		}
	}
	return names
}

func (s Store) object(name string, values map[string]string) *cluster.Object {
	data := map[string]any{}
	for key, value := range values {
		data[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	return &cluster.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": map[string]any{"name": name, "namespace": s.Environment.Namespace, "labels": s.labels()},
		"data":     data,
	}}
}

func (s Store) labels() map[string]any {
	return map[string]any{render.PartOfLabel: s.Application.Name, "app.kubernetes.io/managed-by": cluster.FieldManager}
}

// ensureNamespace makes the namespace when there is none, and refuses one that belongs to something else. A deploy
// gives it everything but its name and owner.
func (s Store) ensureNamespace(ctx context.Context) error {
	exists, err := preflight.Ownership(ctx, s.Cluster, s.Environment, s.Application.Name)
	if err != nil || exists {
		return err
	}
	_, err = s.Cluster.Create(ctx, &cluster.Object{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace",
		"metadata": map[string]any{"name": s.Environment.Namespace, "labels": s.labels()},
	}})
	return err
}
