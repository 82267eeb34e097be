package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dagger/team-dashboard/internal/dagger"
)

// Validate the source: pnpm validate (lint, format, types, tests) in a container.
//
// Node.js and pnpm are those that package.json names (engines, packageManager); the
// lockfile is frozen. A source that has not changed since is not validated again.
//
// Example: dagger call validate
func (m *TeamDashboard) Validate(ctx context.Context) (string, error) {
	src, err := m.source(ctx)
	if err != nil {
		return "", err
	}
	output, err := src.fetched().
		WithDirectory(".", src.files).
		WithExec([]string{"pnpm", "install", "--frozen-lockfile", "--prefer-offline", "--store-dir=/pnpm/store"}).
		WithExec([]string{"pnpm", "validate"}).
		Stdout(ctx)
	if err != nil {
		return "", explain("pnpm validate", err, "fix the source and run `pnpm validate`")
	}
	return lastLines(output, 20) + "\npnpm validate: passed", nil
}

// fetched has the workspace's dependencies downloaded. It sees nothing else of the source, so that they stay cached while
// only sources change.
func (s source) fetched() *dagger.Container {
	return dag.Container().From(s.tools.NodeImage()).
		WithExec([]string{"npm", "install", "--global", "pnpm@" + s.tools.Pnpm}).
		WithMountedCache("/pnpm/store", dag.CacheVolume("pnpm-store-node"+s.tools.Node)).
		WithEnvVariable("CI", "true").
		WithWorkdir("/workspace").
		WithDirectory(".", s.fetch).
		WithExec([]string{"pnpm", "fetch", "--store-dir=/pnpm/store"})
}

// explain turns a failed command in a container into an error that shows the
// command's own last words. Errors of the Dagger API are never wrapped: the SDK
// would unwrap them and drop what was said around them.
func explain(what string, err error, advice string) error {
	var failed *dagger.ExecError
	if !errors.As(err, &failed) {
		return fmt.Errorf("%s: %s", what, err)
	}
	said := strings.TrimSpace(failed.Stdout + "\n" + failed.Stderr)
	return fmt.Errorf("%s failed with exit code %d; %s\n%s", what, failed.ExitCode, advice, lastLines(said, 40))
}

func lastLines(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
