package promote

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

var (
	application   = config.TeamDashboard()
	production, _ = application.Environment("production")
	staging, _    = application.Environment("staging")
)

// journey notes what is done, in order, and fails at what it is told to.
type journey struct {
	done    []string
	failing map[string]bool
	watched map[string]time.Duration
}

func (j *journey) do(what string) error {
	j.done = append(j.done, what)
	if j.failing[what] {
		return errors.New(what + " failed")
	}
	return nil
}

func (j *journey) Ready(_ context.Context, environment config.Environment) (preflight.Report, error) {
	return preflight.Report{}, j.do("ready " + environment.Name)
}

func (j *journey) Preview(_ context.Context, request rollout.Request) (rollout.Preview, error) {
	return rollout.Preview{}, j.do("check " + request.Environment)
}

func (j *journey) Deploy(_ context.Context, request rollout.Request) (rollout.Result, error) {
	j.watched[request.Environment] = request.Watch
	return rollout.Result{Environment: request.Environment}, j.do("deploy " + request.Environment)
}

func (j *journey) Phase(ctx context.Context, _ string) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func (j *journey) Info(context.Context, string, ...any) {}

func (j *journey) promote(t *testing.T, request Request) (rollout.Result, error) {
	j.watched = map[string]time.Duration{}
	promoter := Promoter{Application: application, Deployer: j, Progress: j,
		Validate: func(context.Context) error { return j.do("validate") },
		Publish:  func(context.Context) (release.Release, error) { return release.Release{Version: "v1"}, j.do("publish") }}
	return promoter.Run(t.Context(), request)
}

func TestWhatIsInTheSourceGoesByTheWholeRoute(t *testing.T) {
	j := &journey{}
	watch := 10 * time.Minute
	result, err := j.promote(t, Request{Environment: production, Watch: &watch})
	require.NoError(t, err)
	assert.Equal(t, "production", result.Environment)
	assert.Equal(t, []string{"ready staging", "ready production", "validate", "publish", "check staging", "check production", "deploy staging", "deploy production"}, j.done)
	assert.Equal(t, map[string]time.Duration{"staging": staging.Watch, "production": watch}, j.watched)
}

func TestAGivenReleaseGoesWhereItIsSent(t *testing.T) {
	j := &journey{}
	_, err := j.promote(t, Request{Environment: production, Release: &release.Release{Version: "v1"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"deploy production"}, j.done)
	assert.Equal(t, production.Watch, j.watched["production"])
}

// Whatever stands in the way anywhere on the route is told before the first write, all of it at once.
func TestNothingIsWrittenBeforeTheLastCheck(t *testing.T) {
	for failing, last := range map[string]string{
		"ready staging": "ready production", "ready production": "ready production", "validate": "validate", "publish": "publish",
		"check staging": "check production", "check production": "check production", "deploy staging": "deploy staging",
	} {
		t.Run(failing, func(t *testing.T) {
			j := &journey{failing: map[string]bool{failing: true}}
			_, err := j.promote(t, Request{Environment: production})
			assert.ErrorContains(t, err, failing+" failed")
			assert.Equal(t, last, j.done[len(j.done)-1])
		})
	}
}
