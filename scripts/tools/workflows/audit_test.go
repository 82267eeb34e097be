package workflows

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWorkflowsAreSafe holds every workflow to the rules.
func TestWorkflowsAreSafe(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*"))
	require.NoError(t, err)
	require.Len(t, files, 3, "a workflow more than ci, deploy and rollback: say in route_test.go when it runs")
	for _, file := range files {
		assert.Empty(t, audit(parseWorkflow(t, file)), file)
	}
}

// TestRulesFindWhatTheyAreFor: testdata/unsafe.yml breaks every rule once.
func TestRulesFindWhatTheyAreFor(t *testing.T) {
	assert.ElementsMatch(t, []string{
		"runs on pull_request_target",
		"runs on workflow_run",
		"the workflow has permissions; they belong to its jobs",
		"the shell is not bash",
		"everything: no timeout",
		"everything: no permissions of its own",
		"everything: secrets, but no environment",
		"everything: a secret in the environment of all steps",
		"broad: contents: write",
		"broad: packages: write, but no environment",
		"broad: a secret outside of a step's environment",
		"broad: actions/checkout@v4 is not pinned by its commit and version",
		"broad: checkout keeps its credentials",
		"broad: actions/cache@1111111111111111111111111111111111111111 is none of the actions that are used here",
		"broad: an expression in a script",
		"broad: a script changes the environment of later steps",
		"broad: a shell of its own",
		"broad: the event in the input of an action",
		"chosen: the environment is typed by who starts the run, without a list of choices",
		"chosen: a deploy that can be cancelled",
		"chosen: a deploy that does not wait for another",
	}, audit(parseWorkflow(t, "testdata/unsafe.yml")))
}

// audit names what is unsafe in a workflow.
func audit(workflow *actionlint.Workflow) (problems []string) {
	add := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	for _, event := range workflow.On {
		// Others run main's workflows, with its secrets, on what strangers send.
		if !slices.Contains([]string{"push", "pull_request", "workflow_dispatch"}, event.EventName()) {
			add("runs on %s", event.EventName())
		}
	}
	if workflow.Permissions == nil || workflow.Permissions.All != nil || len(workflow.Permissions.Scopes) > 0 {
		add("the workflow has permissions; they belong to its jobs")
	}
	if workflow.Defaults == nil || workflow.Defaults.Run == nil || workflow.Defaults.Run.Shell.Value != "bash" {
		add("the shell is not bash")
	}
	for _, job := range jobsOf(workflow) {
		for _, problem := range slices.Concat(auditJob(job), auditEnvironment(workflow, job), auditSteps(job)) {
			add("%s: %s", job.ID.Value, problem)
		}
	}
	return problems
}

func auditJob(job *actionlint.Job) (problems []string) {
	if job.TimeoutMinutes == nil {
		problems = append(problems, "no timeout")
	}
	if job.Permissions == nil {
		return append(problems, "no permissions of its own")
	}
	for _, scope := range job.Permissions.Scopes {
		granted := scope.Name.Value + ": " + scope.Value.Value
		switch granted {
		case "contents: read", "packages: read":
		case "packages: write":
			if job.Environment == nil {
				problems = append(problems, granted+", but no environment")
			}
		default:
			problems = append(problems, granted)
		}
	}
	return problems
}

// auditEnvironment asks for an environment, and so for its protection rules, where there are secrets.
func auditEnvironment(workflow *actionlint.Workflow, job *actionlint.Job) (problems []string) {
	if job.Environment == nil {
		if slices.ContainsFunc(job.Steps, func(step *actionlint.Step) bool { return mentions(step.Env, "secrets.") }) || mentions(job.Env, "secrets.") {
			problems = append(problems, "secrets, but no environment")
		}
	} else if name := job.Environment.Name; name.ContainsExpression() && !choice(workflow, name.Value) {
		problems = append(problems, "the environment is typed by who starts the run, without a list of choices")
	}
	if mentions(job.Env, "secrets.") || mentions(workflow.Env, "secrets.") {
		problems = append(problems, "a secret in the environment of all steps")
	}
	return problems
}

// choice says whether a name is an input that GitHub takes from a list only.
func choice(workflow *actionlint.Workflow, name string) bool {
	for _, event := range workflow.On {
		byHand, ok := event.(*actionlint.WorkflowDispatchEvent)
		if !ok {
			continue
		}
		for input, declared := range byHand.Inputs {
			if name == "${{ inputs."+input+" }}" {
				return declared.Type == actionlint.WorkflowDispatchEventInputTypeChoice
			}
		}
	}
	return false
}

// used are the actions, by commit, with the version that the comment beside them names. Those that are made by others
// than GitHub run programs of theirs beside our secrets; there is none.
var used = []string{"actions/checkout", "actions/upload-artifact", "actions/download-artifact"}

var pinned = regexp.MustCompile(`^[^@]+@[0-9a-f]{40}$`)

func auditSteps(job *actionlint.Job) (problems []string) {
	for _, step := range job.Steps {
		switch exec := step.Exec.(type) {
		case *actionlint.ExecAction:
			problems = append(problems, auditAction(exec)...)
		case *actionlint.ExecRun:
			problems = append(problems, auditScript(job, exec)...)
		}
	}
	return problems
}

func auditAction(action *actionlint.ExecAction) (problems []string) {
	uses := action.Uses.Value
	name, _, _ := strings.Cut(uses, "@")
	if !slices.Contains(used, name) {
		problems = append(problems, uses+" is none of the actions that are used here")
	}
	if !pinned.MatchString(uses) {
		problems = append(problems, uses+" is not pinned by its commit and version")
	}
	if keep := action.Inputs["persist-credentials"]; name == "actions/checkout" && (keep == nil || keep.Value.Value != "false") {
		problems = append(problems, "checkout keeps its credentials")
	}
	for _, input := range action.Inputs {
		if strings.Contains(input.Value.Value, "secrets.") {
			problems = append(problems, "a secret outside of a step's environment")
		}
		if strings.Contains(input.Value.Value, "github.event") || strings.Contains(input.Value.Value, "inputs.") {
			problems = append(problems, "the event in the input of an action")
		}
	}
	return problems
}

func auditScript(job *actionlint.Job, run *actionlint.ExecRun) (problems []string) {
	script := run.Run.Value
	if strings.Contains(script, "${{") {
		problems = append(problems, "an expression in a script")
	}
	if strings.Contains(script, "GITHUB_ENV") || strings.Contains(script, "GITHUB_PATH") {
		problems = append(problems, "a script changes the environment of later steps")
	}
	if run.Shell != nil {
		problems = append(problems, "a shell of its own")
	}
	if strings.Contains(script, "deploy --env") {
		if job.Concurrency != nil && job.Concurrency.CancelInProgress != nil && job.Concurrency.CancelInProgress.Value {
			problems = append(problems, "a deploy that can be cancelled")
		}
		if !strings.Contains(script, "--lock-timeout=30m") {
			problems = append(problems, "a deploy that does not wait for another")
		}
	}
	return problems
}

func mentions(env *actionlint.Env, word string) bool {
	if env == nil {
		return false
	}
	for _, variable := range env.Vars {
		if strings.Contains(variable.Value.Value, word) {
			return true
		}
	}
	return env.Expression != nil
}

// TestVersionsStandBesideCommits: the comment is what a reader and an updating robot go by.
func TestVersionsStandBesideCommits(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github/workflows/*"))
	require.NoError(t, err)
	for _, file := range files {
		for line := range strings.Lines(string(contents(t, file))) {
			if strings.Contains(line, "uses:") {
				assert.Regexp(t, `uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n$`, line, file)
			}
		}
	}
}

// TestTheDaggerIsTheEngines compares the version that is installed with the engine's.
func TestTheDaggerIsTheEngines(t *testing.T) {
	engine := regexp.MustCompile(`"engineVersion": "(v[\d.]+)"`).FindSubmatch(contents(t, filepath.Join(root, "dagger.json")))
	require.NotNil(t, engine)
	assert.Contains(t, string(contents(t, filepath.Join(root, ".github/install-dagger.sh"))), "\nversion="+string(engine[1])+"\n")
}

// TestConcurrency: what runs at the same time, and what a newer run replaces while it waits.
func TestConcurrency(t *testing.T) {
	groups := map[string]string{}
	for _, name := range []string{"ci", "deploy", "rollback"} {
		workflow := load(t, name)
		assert.Nil(t, workflow.Concurrency, "%s: a run that waits for an approval would hold back every later one", name)
		for _, job := range jobsOf(workflow) {
			group := ""
			if job.Concurrency != nil {
				group = job.Concurrency.Group.Value
			}
			groups[name+"/"+job.ID.Value] = group
		}
	}
	assert.Equal(t, map[string]string{
		"ci/validate":       "validate-${{ github.event.pull_request.number }}",
		"ci/staging":        "staging-pull-request-${{ github.event.pull_request.number }}", // never main's
		"deploy/release":    "release",
		"deploy/staging":    "deploy-staging",
		"deploy/plan":       "plan-production",
		"deploy/production": "deploy-production",
		"rollback/rollback": "", // queues for nothing
	}, groups)
	assert.NotContains(t, string(contents(t, filepath.Join(root, ".github/workflows/rollback.yml"))), "--lock-timeout=")
}

// TestAReleaseFileOutlivesItsApproval: GitHub lets a job wait 30 days for its approval, then fails it.
func TestAReleaseFileOutlivesItsApproval(t *testing.T) {
	for _, step := range load(t, "deploy").Jobs["release"].Steps {
		action, ok := step.Exec.(*actionlint.ExecAction)
		if ok && strings.HasPrefix(action.Uses.Value, "actions/upload-artifact@") {
			assert.Greater(t, action.Inputs["retention-days"].Value.Value, "30")
			return
		}
	}
	assert.Fail(t, "the release file is not kept")
}

// TestEnvironmentsOnGitHub: what a deployment is called there, and where its link leads.
func TestEnvironmentsOnGitHub(t *testing.T) {
	shown := map[string]string{}
	for _, name := range []string{"ci", "deploy"} {
		for _, job := range jobsOf(load(t, name)) {
			if environment := job.Environment; environment != nil && environment.Deployment == nil {
				shown[environment.Name.Value] = environment.URL.Value
			}
		}
	}
	assert.Equal(t, map[string]string{
		"staging":              "https://staging.team-dashboard.app",
		"staging-pull-request": "https://staging.team-dashboard.app",
		"production":           "https://team-dashboard.app",
	}, shown, "release and production-plan deploy nothing")

	url := load(t, "rollback").Jobs["rollback"].Environment.URL.Value
	for environment, want := range map[string]string{"staging": "https://staging.team-dashboard.app", "production": "https://team-dashboard.app"} {
		s := scope{contexts: map[string]any{"inputs": map[string]any{"environment": environment}}}
		assert.Equal(t, want, s.text(t, url))
	}
}
