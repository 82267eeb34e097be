package workflows

import (
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func push() event {
	return event{github: map[string]any{"actor": "ada", "triggering_actor": "ada", "ref": "refs/heads/main"}}
}

// dispatch is a run that a person starts, with the inputs' defaults where nothing is said.
func dispatch(t testing.TB, workflow *actionlint.Workflow, inputs map[string]any) event {
	t.Helper()
	started := push()
	started.inputs = map[string]any{}
	for _, on := range workflow.On {
		byHand, ok := on.(*actionlint.WorkflowDispatchEvent)
		if !ok {
			continue
		}
		for name, input := range byHand.Inputs {
			started.inputs[name] = input.Default.Value
			if input.Type == actionlint.WorkflowDispatchEventInputTypeBoolean {
				started.inputs[name] = input.Default.Value == "true"
			}
		}
	}
	for name, value := range inputs {
		require.Contains(t, started.inputs, name, "no such input")
		started.inputs[name] = value
	}
	return started
}

// pullRequest is one from a branch of a repository, with the variable that lets it go to staging, or without.
func pullRequest(from, allowed string) event {
	started := push()
	started.github["repository"] = "codingbutter/team-dashboard"
	started.github["event"] = map[string]any{"pull_request": map[string]any{
		"number": 7.0, "head": map[string]any{"repo": map[string]any{"full_name": from}},
	}}
	started.vars = map[string]any{"STAGING_FROM_PULL_REQUESTS": allowed}
	return started
}

// functions are the calls of a job in short: the function of the module and the environment that it is for.
func functions(job ran) string {
	var names []string
	for _, call := range job.calls {
		var words []string
		for _, argument := range call.arguments[1:] {
			if environment, found := strings.CutPrefix(argument, "--env="); found {
				words = append(words, environment)
			} else if !strings.HasPrefix(argument, "--") && argument != "export" {
				words = append(words, argument)
			}
		}
		names = append(names, strings.Join(words, " "))
	}
	return strings.Join(names, ", ")
}

// TestRoutes says for each event which jobs run, in which order, for which environment and with which calls.
func TestRoutes(t *testing.T) {
	deploy, rollback, ci := load(t, "deploy"), load(t, "rollback"), load(t, "ci")
	published := []string{
		"release (release): validate, publish",
		"staging (staging): deploy staging",
	}
	toProduction := append(published[:2:2], "plan (production-plan): plan production", "production (production): deploy production")
	with := func(event event, change func(*event)) event {
		change(&event)
		return event
	}
	for _, test := range []struct {
		name     string
		workflow *actionlint.Workflow
		event    event
		want     []string
	}{
		{"push to main", deploy, push(), toProduction},
		{"by hand to staging", deploy, dispatch(t, deploy, nil), published},
		{"by hand to production", deploy, dispatch(t, deploy, map[string]any{"environment": "production"}), toProduction},
		{"a published version to staging", deploy, dispatch(t, deploy, map[string]any{"release": "v1"}), []string{
			"staging (staging): deploy staging"}},
		{"a published version to production", deploy, dispatch(t, deploy, map[string]any{"release": "v1", "environment": "production"}), []string{
			"plan (production-plan): plan production", "production (production): deploy production"}},

		{"the source is not valid", deploy, with(push(), func(e *event) { e.fails = "validate" }), []string{
			"release (release), failure: validate"}},
		{"not published", deploy, with(push(), func(e *event) { e.fails = "publish" }), []string{
			"release (release), failure: validate, publish"}},
		{"staging fails", deploy, with(push(), func(e *event) { e.fails = "--env=staging" }), []string{
			"release (release): validate, publish", "staging (staging), failure: deploy staging"}},
		{"the plan is refused", deploy, with(push(), func(e *event) { e.fails = "plan" }), append(published[:2:2],
			"plan (production-plan), failure: plan production")},
		{"the plan of a published version is refused", deploy, with(dispatch(t, deploy, map[string]any{"release": "v1", "environment": "production"}),
			func(e *event) { e.fails = "plan" }), []string{"plan (production-plan), failure: plan production"}},

		// A newer push takes the place of a job that waits for its turn.
		{"replaced before it was built", deploy, with(push(), func(e *event) { e.replaced = []string{"release"} }), nil},
		{"replaced before staging", deploy, with(push(), func(e *event) { e.replaced = []string{"staging"} }), published[:1]},
		{"replaced before its plan", deploy, with(push(), func(e *event) { e.replaced = []string{"plan"} }), published},
		{"replaced before its approval", deploy, with(push(), func(e *event) { e.replaced = []string{"production"} }), toProduction[:3]},

		{"roll back", rollback, dispatch(t, rollback, nil), []string{"rollback (production): rollback production"}},
		{"roll back staging", rollback, dispatch(t, rollback, map[string]any{"environment": "staging"}), []string{"rollback (staging): rollback staging"}},

		{"pull request", ci, pullRequest("codingbutter/team-dashboard", ""), []string{"validate (): validate, build"}},
		{"pull request, staging allowed", ci, pullRequest("codingbutter/team-dashboard", "true"), []string{
			"validate (): validate, build", "staging (staging-pull-request): publish, plan staging, deploy staging"}},
		{"pull request of a fork, staging allowed", ci, pullRequest("mallory/team-dashboard", "true"), []string{"validate (): validate, build"}},
		{"pull request that is not valid", ci, with(pullRequest("codingbutter/team-dashboard", "true"), func(e *event) { e.fails = "validate" }),
			[]string{"validate (), failure: validate"}},
		{"pull request whose plan is refused", ci, with(pullRequest("codingbutter/team-dashboard", "true"), func(e *event) { e.fails = "plan" }), []string{
			"validate (): validate, build", "staging (staging-pull-request), failure: publish, plan staging"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, job := range runWorkflow(t, test.workflow, test.event) {
				line := job.job + " (" + job.environment + ")"
				if job.result != "success" {
					line += ", " + job.result
				}
				got = append(got, line+": "+functions(job))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// TestOneReleaseIsDeployed follows the release file from publish to production.
func TestOneReleaseIsDeployed(t *testing.T) {
	deploy := load(t, "deploy")
	jobs := runWorkflow(t, deploy, push())
	require.Len(t, jobs, 4)
	for _, job := range jobs[1:] {
		assert.Contains(t, job.calls[0].arguments, "--release="+releaseFile, job.job)
	}
	assert.Equal(t, "```\nsaid by dagger\n```\n", jobs[2].summary, "who approves reads the plan in the summary")

	tampered := push()
	tampered.tampered = `{"version": "another"}`
	jobs = runWorkflow(t, deploy, tampered)
	require.Len(t, jobs, 2, "nothing goes on with a release file that is not the published one")
	assert.Equal(t, "failure", jobs[1].result)
	assert.Empty(t, jobs[1].calls)
	assert.Contains(t, jobs[1].output, "release.json: FAILED")
}

// TestSecretsGoWhereTheyAreNeeded looks at what each dagger was given.
func TestSecretsGoWhereTheyAreNeeded(t *testing.T) {
	for _, test := range []struct {
		workflow string
		event    event
	}{
		{"deploy", push()},
		{"ci", pullRequest("codingbutter/team-dashboard", "true")},
		{"rollback", dispatch(t, load(t, "rollback"), nil)},
	} {
		for _, job := range runWorkflow(t, load(t, test.workflow), test.event) {
			for _, call := range job.calls {
				name := test.workflow + "/" + job.job + ": " + strings.Join(call.arguments, " ")
				joined := strings.Join(call.arguments, " ")
				assert.Equal(t, strings.Contains(joined, "env://KUBECONFIG_CONTENT"), call.kubeconfig != "", name)
				assert.Equal(t, strings.Contains(joined, "env://REGISTRY_PASSWORD"), call.password != "", name)
				assert.NotContains(t, joined, "the kubeconfig of", name)
				assert.NotContains(t, joined, "the token of", name)
				if call.kubeconfig != "" {
					assert.Equal(t, "the kubeconfig of "+job.environment, call.kubeconfig, name)
				}
			}
		}
	}
}

// TestADaggerThatIsNotTheReleasedOneIsNotInstalled swaps the archive that is downloaded.
func TestADaggerThatIsNotTheReleasedOneIsNotInstalled(t *testing.T) {
	workflow := load(t, "ci")
	r := &run{t: t, workflow: workflow, event: pullRequest("x/y", ""), folder: sandbox(t), results: map[string]any{}}
	write(t, r.folder+"/download.tar.gz", string(pack(t, []byte("#!/bin/bash\ntouch "+canary+"\n"))))
	job := r.start(workflow.Jobs["validate"], r.scope(workflow.Jobs["validate"]))
	assert.Equal(t, "failure", job.result)
	assert.Empty(t, job.calls)
	assert.Empty(t, executed(t, r.folder))
	assert.Contains(t, job.output, "sha256sum")
}
