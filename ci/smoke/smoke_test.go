package smoke_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/smoke"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

const (
	good   = "ok   create-agent  123 ms\n{\"passed\":1,\"failed\":0,\"flows\":[{\"name\":\"create-agent\",\"ok\":true,\"ms\":123}]}\n"
	broken = "FAIL create-agent  500\n{\"passed\":0,\"failed\":1,\"flows\":[{\"name\":\"create-agent\",\"ok\":false,\"ms\":9,\"error\":\"POST /api/agents answered 500\"}]}\n"
)

// jobs stands for a cluster whose Job prints and ends as told.
type jobs struct {
	prints    string
	succeeded bool
	err       error
	job       *cluster.Object
	options   workload.JobOptions
}

func (j *jobs) RunJob(_ context.Context, job *cluster.Object, options workload.JobOptions) (bool, error) {
	j.job, j.options = job, options
	_, _ = io.WriteString(options.Output, j.prints)
	return j.succeeded, j.err
}

func target(t *testing.T, name, slot string) release.Target {
	environment, err := config.TeamDashboard().Environment(name)
	require.NoError(t, err)
	return release.Target{Environment: environment, Slot: slot, Release: release.Release{
		Version: "v1.2.3", Images: map[string]string{"smoke": "ghcr.io/x/smoke@sha256:ab"},
	}}
}

func TestSlotJudgesByTheSummary(t *testing.T) {
	for name, c := range map[string]struct {
		jobs jobs
		says string
	}{
		"all passed":      {jobs{prints: good, succeeded: true}, ""},
		"a flow failed":   {jobs{prints: broken}, "1 of 1 flows failed: create-agent: POST /api/agents answered 500"},
		"no summary":      {jobs{prints: "cannot run the smoke flows: no SMOKE_DASHBOARD_URL\n"}, "no SMOKE_DASHBOARD_URL"},
		"nothing printed": {jobs{}, "it printed nothing"},
		"no flows":        {jobs{prints: `{"passed":0,"failed":0,"flows":[]}`, succeeded: true}, "it has no flows"},
		"cannot start":    {jobs{err: errors.New("image not found")}, "image not found"},
	} {
		suite := smoke.Suite{Application: config.TeamDashboard(), Jobs: &c.jobs, Output: io.Discard}
		result, err := suite.Slot(context.Background(), target(t, "production", "green"), 0)
		if c.says == "" {
			require.NoError(t, err, name)
			assert.Equal(t, 1, result.Passed, name)
			continue
		}
		assert.ErrorContains(t, err, c.says, name)
	}
}

// talker prints in pieces, as a log comes, and notes after which of them nobody listens any more.
type talker struct {
	pieces []string
	heard  int
}

func (j *talker) RunJob(_ context.Context, _ *cluster.Object, options workload.JobOptions) (bool, error) {
	for _, piece := range j.pieces {
		j.heard++
		if _, err := io.WriteString(options.Output, piece); err != nil {
			return errors.Is(err, workload.ErrEnough), nil
		}
	}
	return false, nil
}

func TestSlotEndsWithTheSummary(t *testing.T) {
	flow, summary, _ := strings.Cut(good, "\n")
	said := &talker{pieces: []string{flow + "\n", `{"a":1}` + "\n", summary[:20], summary[20:], "and what nobody waits for"}}
	suite := smoke.Suite{Application: config.TeamDashboard(), Jobs: said, Output: io.Discard}
	result, err := suite.Slot(context.Background(), target(t, "production", "green"), 0)
	require.NoError(t, err)
	assert.Equal(t, 1, result.Passed)
	assert.Equal(t, 4, said.heard)
}

func TestSlotAsksTheTargetsOwnServices(t *testing.T) {
	for name, c := range map[string]struct{ environment, slot, url, job, label string }{
		"a slot":   {"production", "green", "http://agent-manager-green:3001", "smoke-green", "green"},
		"no slots": {"staging", "", "http://agent-manager:3001", "smoke", ""},
	} {
		ran := &jobs{prints: good, succeeded: true}
		var shown bytes.Buffer
		suite := smoke.Suite{Application: config.TeamDashboard(), Jobs: ran, Output: &shown}
		_, err := suite.Slot(context.Background(), target(t, c.environment, c.slot), 90*time.Second)
		require.NoError(t, err, name)
		assert.Equal(t, c.job, ran.job.GetName(), name)
		assert.Equal(t, c.label, ran.job.GetLabels()["team-dashboard.app/slot"], name)
		assert.Contains(t, variables(t, ran.job), map[string]any{"name": "SMOKE_AGENT_MANAGER_URL", "value": c.url}, name)
		assert.Contains(t, variables(t, ran.job), map[string]any{"name": "SMOKE_EXPECT_RELEASE", "value": "v1.2.3"}, name)
		assert.Contains(t, variables(t, ran.job), map[string]any{"name": "SMOKE_PATIENCE", "value": "90"}, name)
		assert.Equal(t, 90*time.Second+smoke.Budget, ran.options.Budget, "waiting must not cost the flows their time")
		assert.Equal(t, good, shown.String(), "the flows' output is shown")
	}
}

func TestPublicAsksTheURLOnly(t *testing.T) {
	var image string
	var variables map[string]string
	suite := smoke.Suite{Application: config.TeamDashboard(), Output: io.Discard,
		Outside: func(_ context.Context, i string, v map[string]string) (string, error) {
			image, variables = i, v
			return good, nil
		}}
	_, err := suite.Public(context.Background(), target(t, "production", "green"), time.Minute)
	require.NoError(t, err)
	assert.Equal(t, "ghcr.io/x/smoke@sha256:ab", image)
	assert.Equal(t, map[string]string{
		"SMOKE_DASHBOARD_URL": "https://team-dashboard.app", "SMOKE_AGENT_MANAGER_URL": "https://team-dashboard.app",
		"SMOKE_MCP_MANAGER_URL": "https://team-dashboard.app", "SMOKE_OPENAI_SERVICE_URL": "https://team-dashboard.app",
		"SMOKE_EXPECT_RELEASE": "v1.2.3", "SMOKE_PATIENCE": "60",
	}, variables)
}

func variables(t *testing.T, job *cluster.Object) []any {
	containers, found, err := unstructured.NestedSlice(job.Object, "spec", "template", "spec", "containers")
	require.NoError(t, err)
	require.True(t, found)
	return containers[0].(map[string]any)["env"].([]any)
}
