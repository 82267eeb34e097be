package secrets

import (
	"context"
	"maps"
	"slices"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
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
	made := generated{}
	plan := planner{
		overwrite: options.Overwrite,
		given: func(_ string, key config.Key) (string, bool) {
			value, ok := given[EnvName(key.Name)]
			return value, ok
		},
		generate: func(key config.Key) string {
			if !options.Generate || !key.Generated {
				return ""
			}
			return made.value(EnvName(key.Name))
		},
	}
	return s.fulfil(ctx, &plan, func() {
		plan.refuseAll(Missing, Malformed, Placeholder)
		plan.problems = append(plan.problems, s.misspelt(given)...)
	})
}

// fulfil completes a plan, lets check refuse it, and writes the Secrets that it changes.
func (s Store) fulfil(ctx context.Context, plan *planner, check func()) (_ Report, err error) {
	if plan.current, err = s.current(ctx); err != nil {
		return Report{}, err
	}
	if plan.running, err = s.running(ctx); err != nil {
		return Report{}, err
	}
	plan.report = s.report()
	wanted := map[string]map[string]string{}
	for _, secret := range s.Environment.Secrets {
		wanted[secret.Name] = plan.secret(secret)
	}
	check()
	if err := plan.err(s.Environment.Name); err != nil {
		return Report{}, err
	}
	if err := s.checkWritable(ctx, plan.current, wanted); err != nil {
		return Report{}, err
	}
	if err := s.ensureNamespace(ctx); err != nil {
		return Report{}, err
	}
	for _, secret := range s.Environment.Secrets {
		if holds(plan.current[secret.Name], wanted[secret.Name]) {
			continue
		}
		if _, err := s.Cluster.Apply(ctx, s.object(secret.Name, wanted[secret.Name]), cluster.ApplyOptions{}); err != nil {
			return Report{}, err
		}
	}
	return plan.report, nil
}

// holds says whether a Secret has all the wanted values; what else is in it is not ours.
func holds(current, wanted map[string]string) bool {
	for key, value := range wanted {
		if current[key] != value {
			return false
		}
	}
	return true
}

// misspelt names what is in an env file and no environment needs; one file may serve them all.
func (s Store) misspelt(given map[string]string) []string {
	known := map[string]bool{}
	for _, environment := range append(s.Application.Environments, s.Application.Monitoring.Environment()) {
		for _, secret := range environment.Secrets {
			for _, key := range secret.Keys {
				known[EnvName(key.Name)] = true
			}
		}
	}
	var problems []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !known[name] {
			problems = append(problems, name+": no Secret needs it; check the spelling")
		}
	}
	return problems
}
