package main

import (
	"context"
	"errors"
	"fmt"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

// The secrets that an environment needs: create and verify them.
type Secrets struct {
	// +private
	Pipeline *TeamDashboard
}

// The secrets that an environment needs: create and verify them.
//
// Example: dagger call secrets verify --env production
func (m *TeamDashboard) Secrets() *Secrets { return &Secrets{Pipeline: m} }

// Create the secrets of an environment from an env file of NAME=value lines.
//
// Everything is checked before anything is written, and all problems are named at once. What
// is in the cluster already stays, unless --overwrite says otherwise.
//
// Example: dagger call secrets create --env staging --from file://.secrets.staging.env --generate
// +cache="never"
func (s *Secrets) Create(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// The env file, such as file://.secrets.staging.env, op://… or vault://….
	from *dagger.Secret,
	// Make random values for keys that allow it and that the file lacks.
	// +optional
	generate bool,
	// Replace values in the cluster that differ from the file's.
	// +optional
	overwrite bool,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	store, err := s.store(ctx, env)
	if err != nil {
		return "", err
	}
	envFile, err := from.Plaintext(ctx)
	if err != nil {
		return "", fmt.Errorf("reading --from: %s; give an env file, such as file://.secrets.%s.env", err, env)
	}
	created, err := store.Create(ctx, envFile, secrets.CreateOptions{Generate: generate, Overwrite: overwrite})
	if err != nil {
		return "", err
	}
	return report.Print(created, format)
}

// Verify that every secret an environment needs is there and usable, without showing any.
//
// Example: dagger call secrets verify --env production
// +cache="never"
func (s *Secrets) Verify(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	store, err := s.store(ctx, env)
	if err != nil {
		return "", err
	}
	found, err := store.Verify(ctx)
	if err != nil {
		return "", err
	}
	text, err := report.Print(found, format)
	if err == nil && len(found.Problems()) > 0 {
		return "", errors.New(text)
	}
	return text, err
}

func (s *Secrets) store(ctx context.Context, env string) (secrets.Store, error) {
	app := config.TeamDashboard()
	environment, err := app.Environment(env)
	if err != nil {
		return secrets.Store{}, err
	}
	connection, err := s.Pipeline.cluster(ctx)
	if err != nil {
		return secrets.Store{}, err
	}
	return secrets.Store{Cluster: connection, Application: app, Environment: environment}, nil
}
