package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/access"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/engine"
	"github.com/codingbutter/team-dashboard/scripts/lab/internal/host"
)

func TestBadCallsAreRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	tests := map[string]struct {
		args []string
		want string
	}{
		"no command":          {nil, "no command"},
		"unknown command":     {[]string{"start"}, `unknown command "start"`},
		"unknown flag":        {[]string{"up", "--fast"}, "-fast"},
		"argument of up":      {[]string{"up", "all"}, `unexpected argument "all"`},
		"argument of down":    {[]string{"down", "now"}, `unexpected argument "now"`},
		"no such kubeconfig":  {[]string{"up", "--kubeconfig", "/no/such/file"}, "/no/such/file"},
		"an empty kubeconfig": {[]string{"up", "--kubeconfig", empty}, "is empty"},
	}
	t.Setenv("TEAM_DASHBOARD_LAB_DIR", t.TempDir())
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout bytes.Buffer
			assert.ErrorContains(t, run(t.Context(), test.args, &stdout), test.want)
			assert.Empty(t, stdout.String())
		})
	}
}

func TestAnotherEngineIsChecked(t *testing.T) {
	bin := t.TempDir()
	t.Setenv("PATH", bin)
	dagger := func(script string) {
		require.NoError(t, os.WriteFile(filepath.Join(bin, "dagger"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
	}
	h := &host.Host{Root: t.TempDir(), Repo: t.TempDir()}
	t.Setenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST", "tcp://engine:8080")

	assert.ErrorContains(t, decide(t.Context(), h, &access.Access{}), "install dagger", "no command")
	dagger("echo cannot connect >&2; exit 1")
	assert.ErrorContains(t, decide(t.Context(), h, &access.Access{}), "cannot connect")
	dagger("echo v0.19.0")
	assert.ErrorContains(t, decide(t.Context(), h, &access.Access{}), "v0.19.0")

	dagger(`[ "$_EXPERIMENTAL_DAGGER_RUNNER_HOST" = tcp://engine:8080 ] && echo v0.20.6`)
	var use access.Access
	require.NoError(t, decide(t.Context(), h, &use))
	assert.Equal(t, access.Access{Engine: "tcp://engine:8080"}, use)
}

// A shell that has the lab's own variables must not make the lab look for an
// engine of somebody else.
func TestTheLabsOwnEngineIsNotAnothers(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Repo: t.TempDir()}
	t.Setenv("_EXPERIMENTAL_DAGGER_RUNNER_HOST", engine.New(h).Host())
	var use access.Access
	require.NoError(t, decide(t.Context(), h, &use))
	assert.True(t, use.OwnEngine())
}

func TestPartsThatAreNotNeededStayDown(t *testing.T) {
	h := &host.Host{Root: t.TempDir(), Repo: t.TempDir()}
	names := func(use access.Access) []string {
		var names []string
		for _, stage := range stages(h, use) {
			for _, p := range stage {
				names = append(names, p.Name())
			}
		}
		return names
	}
	assert.Contains(t, names(access.Access{}), "engine")
	assert.NotContains(t, names(access.Access{Engine: "tcp://engine:8080"}), "engine")
	assert.Empty(t, names(access.Access{Engine: "tcp://engine:8080", Kubeconfig: "/mine"}))
}
