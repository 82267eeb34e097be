package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/secrets"
)

// The secrets that an environment needs: create, verify, rotate, back up and restore them.
type Secrets struct {
	// +private
	Pipeline *TeamDashboard
}

// The secrets that an environment needs: create, verify, rotate, back up and restore them.
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
	// The environment: staging or production; or monitoring.
	env string,
	// The env file, such as file://.secrets.staging.env, op://… or vault://…: NAME=value lines as docker compose and
	// dotenv read them. Put a value with # or $ into single quotes.
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
	store, err := s.store(ctx, env, format)
	if err != nil {
		return "", err
	}
	envFile, err := plaintext(ctx, "--from", from)
	if err != nil {
		return "", err
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
	// The environment: staging or production; or monitoring.
	env string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	store, err := s.store(ctx, env, format)
	if err != nil {
		return "", err
	}
	found, err := store.Verify(ctx)
	if err != nil {
		return "", err
	}
	return complete(found, format)
}

// Rotate keys: give them new values, and restart what reads them, one service after the other.
//
// Nothing is down meanwhile. Redis and PostgreSQL take the old password until the last client has the new one. A
// new PostgreSQL URL may differ in its password alone, and new keys of the backups' storage are tried first. If a service
// does not start with its new value, all old values come back; a rotation that was killed is finished by the same command.
//
// Examples:
//
//	dagger call secrets rotate --env production --keys redis-password,JWT_SECRET --generate
//	dagger call secrets rotate --env production --keys GITHUB_TOKEN --from file://production.env
//
// +cache="never"
func (s *Secrets) Rotate(
	ctx context.Context,
	// The environment: staging or production; or monitoring.
	env string,
	// The keys, as secrets verify lists them, such as redis-password,JWT_SECRET.
	keys []string,
	// An env file with the new values; it may hold others too.
	// +optional
	from *dagger.Secret,
	// Make new random values, also a new password in the PostgreSQL URL, where the file has none.
	// +optional
	generate bool,
	// How long to wait for a deploy of the environment to end; 0s refuses at once.
	// +default="0s"
	lockTimeout string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	wait, err := duration("lock-timeout", lockTimeout)
	if err != nil {
		return "", err
	}
	store, err := s.store(ctx, env, format)
	if err != nil {
		return "", err
	}
	envFile, err := plaintext(ctx, "--from", from)
	if err != nil {
		return "", err
	}
	rotated, err := store.Rotate(ctx, secrets.RotateOptions{Keys: keys, EnvFile: envFile, Generate: generate, Holder: s.Pipeline.Actor, LockWait: wait})
	if err != nil {
		return "", err
	}
	return report.Print(rotated, format)
}

// Back up the secrets of an environment in a file that only the recipients can read (age).
//
// Example: dagger call secrets backup --env production --recipients age1… export --path production-secrets.age
// +cache="never"
func (s *Secrets) Backup(
	ctx context.Context,
	// The environment: staging or production; or monitoring.
	env string,
	// The public keys of those who may read it, as age-keygen prints them: age1….
	// +optional
	recipients []string,
	// A file of such keys, one a line.
	// +optional
	recipientsFile *dagger.File,
) (*dagger.File, error) {
	store, err := s.store(ctx, env, report.Text)
	if err != nil {
		return nil, err
	}
	if recipientsFile != nil {
		text, err := recipientsFile.Contents(ctx)
		if err != nil {
			return nil, fmt.Errorf("reading --recipients-file: %s", err)
		}
		recipients = append(recipients, strings.Split(text, "\n")...)
	}
	sealed, err := store.Backup(ctx, recipients)
	if err != nil {
		return nil, err
	}
	name := store.Environment.Name + "-secrets.age"
	return dag.Directory().WithNewFile(name, sealed, dagger.DirectoryWithNewFileOpts{Permissions: 0o600}).File(name), nil
}

// Restore the secrets of an environment from a file that backup wrote.
//
// Everything is checked before anything is written. What is in the cluster already stays, unless
// --overwrite says otherwise.
//
// Example: dagger call secrets restore --env production --from production-secrets.age --identity file://key.txt
// +cache="never"
func (s *Secrets) Restore(
	ctx context.Context,
	// The environment: staging or production; or monitoring.
	env string,
	// The file that backup wrote.
	from *dagger.File,
	// The secret key of one of its recipients, such as file://key.txt, as age-keygen wrote it.
	identity *dagger.Secret,
	// Replace values in the cluster that differ from the backup's.
	// +optional
	overwrite bool,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	store, err := s.store(ctx, env, format)
	if err != nil {
		return "", err
	}
	key, err := plaintext(ctx, "--identity", identity)
	if err != nil {
		return "", err
	}
	sealed, err := from.Contents(ctx)
	if err != nil {
		return "", fmt.Errorf("reading --from: %s; give the file that dagger call secrets backup wrote", err)
	}
	restored, err := store.Restore(ctx, sealed, key, secrets.RestoreOptions{Overwrite: overwrite})
	if err != nil {
		return "", err
	}
	return complete(restored, format)
}

// complete prints what there is of each key; as an error when that is not enough.
func complete(found secrets.Report, format string) (string, error) {
	text, err := report.Print(found, format)
	if err == nil && len(found.Problems()) > 0 {
		return "", errors.New(text)
	}
	return text, err
}

// plaintext reads a secret that the caller named; empty without one.
func plaintext(ctx context.Context, flag string, secret *dagger.Secret) (string, error) {
	if secret == nil {
		return "", nil
	}
	text, err := secret.Plaintext(ctx)
	if err != nil {
		return "", fmt.Errorf("reading %s: %s; name what holds it, such as file://PATH, env://NAME, op://… or vault://…", flag, err)
	}
	return text, nil
}

// store is the place's Secrets.
func (s *Secrets) store(ctx context.Context, env, format string) (secrets.Store, error) {
	app := config.TeamDashboard()
	place, err := app.Place(env)
	if err != nil {
		return secrets.Store{}, err
	}
	if err := report.CheckFormat(format); err != nil {
		return secrets.Store{}, err
	}
	connection, err := s.Pipeline.cluster(ctx)
	return secrets.Store{Cluster: connection, Application: app, Environment: place, Progress: spans{}}, err
}
