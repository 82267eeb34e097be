package main

import (
	"context"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// Plan a deploy: what it would do, and whether it would work, without changing anything.
//
// Every check that deploy makes before its first write is made, and all problems are shown at
// once. Exit code 1 when the deploy would be refused.
//
// Example: dagger call plan --env production --release-file release.json
// +cache="never"
func (m *TeamDashboard) Plan(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// The release file that publish returned.
	// +optional
	releaseFile *dagger.File,
	// A published version, or the text of a release file.
	// +optional
	release string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	environment, err := config.TeamDashboard().Environment(env)
	if err != nil {
		return "", err
	}
	if err := report.CheckFormat(format); err != nil {
		return "", err
	}
	chosen, err := m.published(ctx, release, releaseFile)
	if err != nil {
		return "", err
	}
	deployer, err := m.deployer(ctx, limits{})
	if err != nil {
		return "", err
	}
	preview, err := deployer.Preview(ctx, rollout.Request{Environment: environment.Name, Release: chosen})
	if err != nil {
		return "", err
	}
	if err := preview.Checks.Err(); err != nil {
		return "", report.Failure(preview, err)
	}
	return report.Print(preview, format)
}
