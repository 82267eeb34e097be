package smoke_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/smoke"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

const (
	good   = "ok   create-agent  123 ms\n{\"passed\":1,\"failed\":0,\"flows\":[{\"name\":\"create-agent\",\"ok\":true,\"ms\":123}]}\n"
	broken = "FAIL create-agent  500\n{\"passed\":0,\"failed\":1,\"flows\":[{\"name\":\"create-agent\",\"ok\":false,\"ms\":9,\"error\":\"POST /api/agents answered 500\"}]}\n"
)

// suite runs in an API server whose Jobs print and end as told; made is the Job that it saw.
func suite(ran clustertest.Ran, output io.Writer) (s smoke.Suite, made func() *cluster.Object) {
	server := clustertest.NewServer("team-dashboard-prod", "team-dashboard-staging")
	var job *cluster.Object
	server.RunJob = func(created *cluster.Object) clustertest.Ran {
		job = created
		return ran
	}
	return smoke.Suite{Application: config.TeamDashboard(), Cluster: server.NewClient().Cluster(), Output: output}, func() *cluster.Object { return job }
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
		ran  clustertest.Ran
		says string
	}{
		"all passed":                        {clustertest.Ran{Log: good}, ""},
		"the suite's end is not waited for": {clustertest.Ran{Log: good + "and what nobody waits for\n", ExitCode: 1}, ""},
		"something like a summary":          {clustertest.Ran{Log: "{\"a\":1}\n" + good}, ""},
		"a flow failed":                     {clustertest.Ran{Log: broken, ExitCode: 1}, "1 of 1 flows failed: create-agent: POST /api/agents answered 500"},
		"no summary":                        {clustertest.Ran{Log: "cannot run the smoke flows: no SMOKE_DASHBOARD_URL\n", ExitCode: 1}, "no SMOKE_DASHBOARD_URL"},
		"nothing printed":                   {clustertest.Ran{ExitCode: 1}, "it printed nothing"},
		"no flows":                          {clustertest.Ran{Log: `{"passed":0,"failed":0,"flows":[]}` + "\n"}, "it has no flows"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _ := suite(c.ran, io.Discard)
				result, err := s.Slot(t.Context(), target(t, "production", "green"), 0)
				if c.says == "" {
					require.NoError(t, err)
					assert.Equal(t, 1, result.Passed)
					return
				}
				assert.ErrorContains(t, err, c.says)
			})
		})
	}
}

func TestSlotThatCannotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("team-dashboard-prod", "team-dashboard-staging")
		server.Forbid("Job")
		s := smoke.Suite{Application: config.TeamDashboard(), Cluster: server.NewClient().Cluster(), Output: io.Discard}
		_, err := s.Slot(t.Context(), target(t, "production", "green"), 0)
		assert.True(t, cluster.IsForbidden(err), "%v", err)
	})
}

// Two runs at once, such as a deploy's and one by hand, have a Job each.
func TestSlotsSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := clustertest.NewServer("team-dashboard-prod", "team-dashboard-staging") // whose Jobs never end
		api := server.NewClient().Cluster()
		results := make(chan error)
		for range 2 {
			go func() {
				_, err := smoke.Suite{Application: config.TeamDashboard(), Cluster: api, Output: io.Discard}.Slot(t.Context(), target(t, "production", "green"), 0)
				results <- err
			}()
		}
		time.Sleep(time.Minute)
		assert.Len(t, server.List("batch/v1", "Job", "team-dashboard-prod", map[string]string{workload.JobLabel: "smoke-green"}), 2)
		for range 2 {
			assert.ErrorContains(t, <-results, "it has not ended after 3m0s")
		}
		assert.Empty(t, server.List("batch/v1", "Job", "team-dashboard-prod", nil))
	})
}

func TestSlotAsksTheTargetsOwnServices(t *testing.T) {
	for name, c := range map[string]struct{ environment, slot, url, job, label string }{
		"a slot":   {"production", "green", "http://agent-manager-green:3001", "smoke-green", "green"},
		"no slots": {"staging", "", "http://agent-manager:3001", "smoke", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var shown bytes.Buffer
				s, made := suite(clustertest.Ran{Log: good}, &shown)
				_, err := s.Slot(t.Context(), target(t, c.environment, c.slot), 90*time.Second)
				require.NoError(t, err)
				job := made()
				assert.Equal(t, c.job, job.GetLabels()[workload.JobLabel])
				assert.Equal(t, c.label, job.GetLabels()["team-dashboard.app/slot"])
				assert.Contains(t, variables(t, job), map[string]any{"name": "SMOKE_AGENT_MANAGER_URL", "value": c.url})
				assert.Contains(t, variables(t, job), map[string]any{"name": "SMOKE_EXPECT_RELEASE", "value": "v1.2.3"})
				assert.Contains(t, variables(t, job), map[string]any{"name": "SMOKE_PATIENCE", "value": "90"})
				deadline, _, _ := unstructured.NestedInt64(job.Object, "spec", "activeDeadlineSeconds")
				assert.Greater(t, deadline, int64(90+180), "waiting must not cost the flows their time")
				assert.Equal(t, good, shown.String(), "the flows' output is shown")
			})
		})
	}
}

func TestPublicAsksTheURLOnly(t *testing.T) {
	var image string
	var variables map[string]string
	suite := smoke.Suite{Application: config.TeamDashboard(), Output: io.Discard,
		RunContainer: func(_ context.Context, i string, v map[string]string) (string, error) {
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
