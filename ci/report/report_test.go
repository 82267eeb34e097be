package report

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/rollout"
	"github.com/codingbutter/team-dashboard/ci/secrets"
	"github.com/codingbutter/team-dashboard/ci/smoke"
	"github.com/codingbutter/team-dashboard/ci/watch"
)

var update = flag.Bool("update", false, "write the golden files anew")

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

var services = []rollout.ServiceStatus{
	{Name: "dashboard", Desired: 3, Ready: 3, Digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", AsReleased: true},
	{Name: "agent-manager", Desired: 2, Ready: 2, Restarts: 1, Digest: "sha256:fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210", AsReleased: true},
}

var deployed = rollout.Result{
	Environment: "production", URL: "https://team-dashboard.app", Action: record.Deploy, Revision: 2, Release: "v2", Slot: "green",
	Outcome: record.Succeeded, Changed: true, Before: "v1", Parked: "v1",
	Phases: []record.Phase{
		{Name: record.StepApply, Duration: 1234 * time.Millisecond},
		{Name: record.StepWait, Duration: 12345 * time.Millisecond},
		{Name: record.StepSwitch, Duration: 38 * time.Millisecond},
		{Name: record.StepWatch, Duration: 5 * time.Minute},
	},
	Services: services,
	Switch:   &record.Switch{From: "blue", To: "green", Patched: 38 * time.Millisecond, Settled: 212 * time.Millisecond, Requests: 40},
	Smoke:    &smoke.Result{Passed: 6},
	Watch: &rollout.Watch{Asked: 5 * time.Minute, Took: 5 * time.Minute, Result: watch.Result{
		Samples: make([]watch.Sample, 61), Verdict: watch.Verdict{Outcome: watch.Healthy, Reason: "no threshold broken in 5m0s"}}},
	Warnings: []string{"moving image tags: the registry refuses"},
}

var staged = rollout.Result{
	Environment: "staging", URL: "https://staging.team-dashboard.app", Action: record.Deploy, Revision: 1, Release: "v2", Changed: true, Onward: "production",
	Resumed: `revision 1 (deploy of v2 by somebody) was interrupted at step "wait"`,
	Switch:  &record.Switch{Settled: 90 * time.Millisecond, Requests: 40},
}

var failed = rollout.Result{
	Environment: "production", Action: record.Deploy, Revision: 3, Release: "v3", Slot: "blue", Outcome: record.Reverted, Changed: true,
	Phases: []record.Phase{{Name: record.StepWatch, Duration: 31 * time.Second, Failed: true}, {Name: record.StepUndo, Duration: 900 * time.Millisecond}},
}

var entries = []rollout.HistoryEntry{
	{Revision: 3, Action: record.Rollback, Release: "v1", Slot: "blue", Restores: 1, Outcome: record.Succeeded, Holder: "ada", Started: noon.Add(time.Hour), Took: 9 * time.Second, Live: true},
	{Revision: 2, Action: record.Deploy, Release: "v2", Slot: "green", Outcome: record.Succeeded, Holder: "ci run 7", Started: noon.Add(time.Minute), Took: 330 * time.Second, Parked: true},
	{Revision: 1, Action: record.Deploy, Release: "v1", Slot: "blue", Outcome: record.Failed, Reason: "wait: CrashLoopBackOff\nlast words", Holder: "ci run 6", Started: noon, Took: 40 * time.Second},
}

func TestText(t *testing.T) {
	running := &rollout.Running{HistoryEntry: entries[1], Step: record.StepSwitch}
	alive := *running
	alive.Alive = true
	healthy := health.Report{Environment: "production", Slot: "green", Checks: []health.CheckResult{
		{Name: "pods", OK: true, Detail: "8 of 8 pods ready", Duration: 20 * time.Millisecond},
		{Name: "endpoints", OK: true, Detail: "4 services answer 200", Duration: 80 * time.Millisecond}}}
	ill := healthy
	ill.Checks = []health.CheckResult{healthy.Checks[0], {Name: "endpoints", Detail: "dashboard: answered 503\nmcp-manager: no answer"}}
	tests := []struct {
		name    string
		result  any
		verbose bool
	}{
		{"deployed", deployed, false},
		{"staged", staged, false},
		{"first", rollout.Result{Environment: "production", URL: "https://team-dashboard.app", Action: record.Deploy, Revision: 1, Release: "v1", Slot: "blue", Changed: true,
			Switch: &record.Switch{To: "blue", Patched: 16 * time.Millisecond, Settled: 162 * time.Millisecond, Requests: 96, Failed: 12}}, false},
		{"nothing-to-do", rollout.Result{Environment: "production", Release: "v2", Slot: "green", Revision: 2, Services: services}, false},
		{"rolled-back", rollout.Result{Environment: "production", URL: "https://team-dashboard.app", Action: record.Rollback, Revision: 3, Release: "v1", Slot: "blue", Before: "v2", Changed: true}, false},
		{"status", rollout.Status{Environment: "production", Namespace: "team-dashboard-prod", URL: "https://team-dashboard.app", Services: services,
			Live:   &rollout.Placement{Release: "v1", Slot: "blue", Revision: 3, Since: noon},
			Parked: &rollout.Placement{Release: "v2", Slot: "green", Revision: 2}, Last: &entries[0], Next: []string{"dagger call rollback --env production"}}, false},
		{"status-empty", rollout.Status{Environment: "staging", Namespace: "team-dashboard-staging", URL: "https://staging.team-dashboard.app", Next: []string{"dagger call deploy --env staging"}}, false},
		{"status-interrupted", rollout.Status{Environment: "production", Running: running, Last: &entries[2], Problems: []string{"revision 2 was interrupted"}}, false},
		{"status-running", rollout.Status{Environment: "production", Running: &alive}, false},
		{"history", rollout.History{Environment: "production", Entries: entries}, false},
		{"history-empty", rollout.History{Environment: "staging"}, false},
		{"healthy", healthy, false},
		{"healthy-verbose", healthy, true},
		{"ill", ill, false},
		{"smoke", smoke.Result{Passed: 1, Failed: 1, Flows: []smoke.Flow{{Name: "sign in", OK: true, Milliseconds: 123}, {Name: "create a team", Milliseconds: 2000, Error: "answered 500"}}}, false},
		{"preview", rollout.Preview{Environment: "production", Release: "v2", Slot: "green", Before: "v1", Changes: true, Objects: []string{"Namespace/team-dashboard-prod", "Deployment/dashboard-green"},
			Checks: preflight.Report{Checks: []preflight.Finding{{Name: "access", OK: true, Detail: "14 rights"}, {Name: "manifests", OK: true, Detail: "40 objects", Warnings: []string{"Deployment could not be tried"}}, {Name: "images", OK: true, Detail: "5 images"}}}}, true},
		{"secrets", secrets.Report{Environment: "production", Entries: []secrets.Entry{{Secret: "dashboard-secrets", Key: "NEXTAUTH_SECRET", State: secrets.Present}, {Secret: "database-secrets", Key: "postgres-url", State: secrets.Missing, Detail: "missing"}}}, false},
		{"secrets-rotating", secrets.Report{Environment: "production", Unfinished: "secrets rotate --env production --keys JWT_SECRET", Entries: []secrets.Entry{{Secret: "agent-manager-secrets", Key: "JWT_SECRET", State: secrets.Present}}}, false},
		{"rotated", secrets.Rotation{Environment: "production", Resumed: "secrets rotate", Restarted: []string{"agent-manager-blue", "dashboard-blue"}, Servers: []string{"redis"}, Readers: []string{"postgres"}, Entries: []secrets.Entry{
			{Secret: "database-secrets", Key: "redis-password", State: secrets.Rotated}, {Secret: "agent-manager-secrets", Key: "JWT_SECRET", State: secrets.Unchanged}}}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, err := write(test.result, Text, test.verbose)
			require.NoError(t, err)
			golden(t, test.name, text)
		})
	}
}

func TestFailure(t *testing.T) {
	cause := errors.New("watch: release \"v3\" broke a threshold: error rate 23 %; the traffic was switched back to v2 in slot green")
	err := Failure(failed, cause)
	require.ErrorIs(t, err, cause)
	golden(t, "failure", err.Error()+"\n")
	assert.Equal(t, cause, Failure(rollout.Result{Environment: "production"}, cause), "what was refused before its first step has nothing to show")
}

func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

func TestJSONHasEveryField(t *testing.T) {
	text, err := Print(deployed, JSON)
	require.NoError(t, err)
	var back rollout.Result
	require.NoError(t, json.Unmarshal([]byte(text), &back))
	assert.Equal(t, deployed, back)
}

func TestWhatCannotBePrintedIsRefused(t *testing.T) {
	_, err := Print(deployed, "yaml")
	require.ErrorContains(t, err, `--format "yaml"`)
	_, err = Print(struct{}{}, Text)
	require.ErrorContains(t, err, "struct {}")
}
