package secrets

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// planner decides for every key of an environment which value it will have, and collects all that is wrong.
type planner struct {
	current map[string]map[string]string
	// given is the value that the caller has for a key.
	given func(secret string, key config.Key) (value string, ok bool)
	// overwrite replaces values in the cluster that differ from the given ones.
	overwrite bool
	// fixed lets overwrite replace keys that must not change: a backup brings the value back that they had.
	fixed bool
	// generate makes a value for a key that has none; empty when it may not.
	generate func(key config.Key) string
	// running are the stores that there are. Their password cannot be changed here alone.
	running  map[config.Server]bool
	report   Report
	problems []string
}

// secret plans the values of one Secret.
func (p *planner) secret(secret config.Secret) map[string]string {
	values := map[string]string{}
	for _, key := range secret.Keys {
		value, state := p.value(secret.Name, key)
		entry := inspect(secret.Name, key, value)
		if entry.State == Present {
			entry.State = state
		}
		p.report.Entries = append(p.report.Entries, entry)
		if value != "" {
			values[key.Name] = value
		}
	}
	return values
}

func (p *planner) value(secret string, key config.Key) (string, State) {
	current := p.current[secret][key.Name]
	given, ok := p.given(secret, key)
	switch {
	case !ok && current == "":
		return p.generate(key), Created
	case !ok || given == current && current != "":
		return current, Unchanged
	case current == "":
		return given, Created
	case !p.overwrite:
		p.refuse(secret, key, "the cluster has another value; pass --overwrite to replace it")
	case key.Fixed != "" && !p.fixed:
		p.refuse(secret, key, "it cannot be replaced: "+key.Fixed)
	case p.running[key.Server] && key.Server != config.Repository:
		p.refuse(secret, key, fmt.Sprintf("%s runs with the other value, so both must change together; use: dagger call secrets rotate --env %s --keys %s",
			key.Server, p.report.Environment, key.Name))
	}
	return given, Replaced
}

func (p *planner) refuse(secret string, key config.Key, why string) {
	p.problems = append(p.problems, fmt.Sprintf("%s (%s of %s): %s", EnvName(key.Name), key.Name, secret, why))
}

// refuseAll refuses the values that are in one of the states.
func (p *planner) refuseAll(states ...State) {
	for _, entry := range p.report.Entries {
		if slices.Contains(states, entry.State) {
			p.refuse(entry.Secret, config.Key{Name: entry.Key}, entry.Detail)
		}
	}
}

// err reports everything that is wrong.
func (p *planner) err(environment string) error {
	if len(p.problems) == 0 {
		return nil
	}
	return fmt.Errorf("secrets of %s: nothing was written:\n  %s", environment, strings.Join(p.problems, "\n  "))
}

// running are the stores of the environment that exist.
func (s Store) running(ctx context.Context) (map[config.Server]bool, error) {
	found := map[config.Server]bool{}
	for _, secret := range s.Environment.Secrets {
		for _, key := range secret.Keys {
			if key.Server == "" {
				continue
			}
			ref := s.statefulSet(key.Server)
			if key.Server == config.Repository {
				ref = s.backups()
			}
			_, err := s.Cluster.Get(ctx, ref)
			if err != nil && !cluster.IsNotFound(err) {
				return nil, err
			}
			found[key.Server] = err == nil
		}
	}
	return found, nil
}

func (s Store) statefulSet(server config.Server) cluster.Ref {
	return cluster.Ref{APIVersion: "apps/v1", Kind: "StatefulSet", Namespace: s.Environment.Namespace, Name: string(server)}
}

// nothing is what may be generated where nothing may be.
func nothing(config.Key) string { return "" }

// generated are random values by their name in an env file, so that Secrets that share a value share the made one.
type generated map[string]string

func (g generated) value(name string) string {
	if g[name] == "" {
		g[name] = random()
	}
	return g[name]
}

// random is 32 random bytes, which is what the longest minimum of the table asks for, in characters that a URL takes.
func random() string {
	bytes := make([]byte, 32)
	_, _ = rand.Read(bytes) // never fails, says its documentation
	return base64.RawURLEncoding.EncodeToString(bytes)
}
