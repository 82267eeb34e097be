package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"dagger/team-dashboard/internal/dagger"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/report"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

const authoritiesFile = "/etc/smoke/ca.crt"

// runSmoke runs the smoke image in a container of the engine, which reaches the environment as its users do.
func (m *TeamDashboard) runSmoke(ctx context.Context, image string, environment map[string]string) (string, error) {
	container := m.authorized().From(image).
		// The flows touch the world, so that no two runs may share a cached result.
		WithEnvVariable("SMOKE_RUN", strconv.FormatInt(time.Now().UnixNano(), 36))
	for name, value := range environment {
		container = container.WithEnvVariable(name, value)
	}
	if m.Resolve != "" {
		container = container.WithEnvVariable("SMOKE_RESOLVE", m.Resolve)
	}
	if m.CA != nil {
		container = container.WithFile(authoritiesFile, m.CA, dagger.ContainerWithFileOpts{Permissions: 0o444}).
			WithEnvVariable("SMOKE_CA", authoritiesFile)
	}
	output, err := container.
		WithExec(nil, dagger.ContainerWithExecOpts{UseEntrypoint: true, Expect: dagger.ReturnTypeAny}).
		Stdout(ctx)
	if err != nil {
		return "", fmt.Errorf("running the smoke image %s: %s", image, err)
	}
	return output, nil
}

// Run the smoke tests: the critical user flows, in a container, against what is live.
//
// Against the environment's URL unless a slot is named: then in the cluster, against the slot's own
// Services. The flows lie beside the application in smoke/flows; add one by adding a file.
//
// Example: dagger call smoke-test --env production
// +cache="never"
func (m *TeamDashboard) SmokeTest(
	ctx context.Context,
	// The environment: staging or production.
	env string,
	// Test this slot of a blue-green environment instead of its URL: blue or green.
	// +optional
	slot string,
	// How to print the result: text or json.
	// +default="text"
	format string,
) (string, error) {
	target, connection, err := m.target(ctx, env, slot, format)
	if err != nil {
		return "", err
	}
	result, err := m.suite(ctx, connection).Run(ctx, target, slot != "")
	if err != nil {
		return "", report.Failure(result, err)
	}
	return report.Print(result, format)
}

// suite is the smoke suite of whichever release is tested.
func (m *TeamDashboard) suite(ctx context.Context, connection *cluster.Cluster) smoke.Suite {
	return smoke.Suite{Application: config.TeamDashboard(), Cluster: connection, RunContainer: m.runSmoke, Output: lines{ctx}}
}
