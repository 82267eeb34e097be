package workflows

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/require"
)

const root = "../../.."

// load parses a workflow of the repository.
func load(t testing.TB, name string) *actionlint.Workflow {
	t.Helper()
	return parseWorkflow(t, filepath.Join(root, ".github/workflows", name+".yml"))
}

func parseWorkflow(t testing.TB, path string) *actionlint.Workflow {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	workflow, problems := actionlint.Parse(text)
	require.Empty(t, problems)
	return workflow
}

// jobsOf are the jobs in the order of the file.
func jobsOf(workflow *actionlint.Workflow) []*actionlint.Job {
	var jobs []*actionlint.Job
	for _, job := range workflow.Jobs {
		jobs = append(jobs, job)
	}
	slices.SortFunc(jobs, func(a, b *actionlint.Job) int { return cmp.Compare(a.Pos.Line, b.Pos.Line) })
	return jobs
}

// event is what starts a run, and what meets it on its way.
type event struct {
	github, inputs, vars map[string]any
	// replaced names jobs that a newer run replaces while they wait in their concurrency group.
	replaced []string
	// fails is an argument at which the stand-in for dagger fails.
	fails string
	// tampered is what the release file holds after somebody changed it in the store of artifacts; empty leaves it alone.
	tampered string
	// installed leaves out the install script, which takes most of a run's time.
	installed bool
}

// ran is a job that was started, and every dagger that it called.
type ran struct {
	job         string
	environment string
	result      string
	calls       []call
	summary     string
	output      string
}

// call is one dagger: its arguments, the secrets that it was given, and where it ran.
type call struct {
	arguments                    []string
	kubeconfig, password, folder string
}

// run is one run of a workflow.
type run struct {
	t         testing.TB
	workflow  *actionlint.Workflow
	event     event
	folder    string
	results   map[string]any // job -> {result, outputs}, as the context needs has it
	artifacts map[string]string
}

// runWorkflow runs all jobs of a workflow in the order of their needs, and returns those that were started. Every approval
// is given. The secrets of an environment are called after it, so that a test sees whose were used.
func runWorkflow(t testing.TB, workflow *actionlint.Workflow, event event) []ran {
	t.Helper()
	r := &run{t: t, workflow: workflow, event: event, folder: sandbox(t), results: map[string]any{}, artifacts: map[string]string{}}
	var started []ran
	waiting := jobsOf(workflow)
	for len(waiting) > 0 {
		next := slices.IndexFunc(waiting, func(job *actionlint.Job) bool {
			return !slices.ContainsFunc(job.Needs, func(need *actionlint.String) bool { return r.results[need.Value] == nil })
		})
		require.GreaterOrEqual(t, next, 0, "jobs that wait for each other")
		job := waiting[next]
		waiting = slices.Delete(waiting, next, next+1)
		scope := r.scope(job)
		switch {
		case !scope.condition(t, job.If):
			r.finish(job, "skipped", nil)
		case slices.Contains(event.replaced, job.ID.Value):
			r.finish(job, "cancelled", nil)
		default:
			started = append(started, r.start(job, scope))
		}
	}
	require.Empty(t, executed(t, r.folder), "a value was executed")
	checkout, err := os.ReadDir(filepath.Join(r.folder, "workspace"))
	require.NoError(t, err)
	require.Len(t, checkout, 1, "a file in the checkout changes the source, and so the name of its release")
	return started
}

func (r *run) finish(job *actionlint.Job, result string, outputs map[string]any) {
	r.results[job.ID.Value] = map[string]any{"result": result, "outputs": outputs}
}

// scope is what a job can see before it starts. success() asks for every job that this one needs, however indirectly, to
// have succeeded.
func (r *run) scope(job *actionlint.Job) scope {
	needs := map[string]any{}
	for _, need := range job.Needs {
		needs[need.Value] = r.results[need.Value]
	}
	status := map[string]bool{"success": true, "failure": false, "cancelled": false}
	for _, ancestor := range r.ancestors(job) {
		result := r.results[ancestor].(map[string]any)["result"]
		status["success"] = status["success"] && result == "success"
		status["failure"] = status["failure"] || result == "failure"
	}
	return scope{
		contexts: map[string]any{"github": r.event.github, "inputs": r.event.inputs, "vars": r.event.vars, "needs": needs},
		status:   status,
	}
}

func (r *run) ancestors(job *actionlint.Job) []string {
	var all []string
	for _, need := range job.Needs {
		all = append(append(all, need.Value), r.ancestors(r.workflow.Jobs[need.Value])...)
	}
	return all
}

// start runs the steps of a job.
func (r *run) start(job *actionlint.Job, outside scope) ran {
	started := ran{job: job.ID.Value, result: "success"}
	temp := filepath.Join(r.folder, "runner", job.ID.Value)
	require.NoError(r.t, os.MkdirAll(temp, 0o755))
	secrets := map[string]any{"GITHUB_TOKEN": "the token of " + job.ID.Value}
	if job.Environment != nil {
		started.environment = outside.text(r.t, job.Environment.Name.Value)
		secrets["KUBECONFIG"] = "the kubeconfig of " + started.environment
	}
	steps := map[string]any{}
	inside := scope{contexts: map[string]any{"secrets": secrets, "steps": steps, "runner": map[string]any{"temp": temp}},
		status: map[string]bool{"success": true, "failure": false, "cancelled": false}}
	for name, context := range outside.contexts {
		inside.contexts[name] = context
	}
	for _, step := range job.Steps {
		if !inside.condition(r.t, step.If) {
			continue
		}
		outputs, ok := r.step(job, step, inside, temp, &started)
		if step.ID != nil {
			steps[step.ID.Value] = map[string]any{"outputs": outputs}
		}
		if !ok {
			started.result = "failure"
			inside.status["success"], inside.status["failure"] = false, true
		}
	}
	outputs := map[string]any{}
	for name, output := range job.Outputs {
		outputs[name] = inside.text(r.t, output.Value.Value)
	}
	started.calls = readCalls(r.t, filepath.Join(temp, "calls"))
	if summary, err := os.ReadFile(filepath.Join(temp, "summary")); err == nil {
		started.summary = string(summary)
	}
	r.finish(job, started.result, outputs)
	return started
}

// step runs one step: an action that is known here, or a script.
func (r *run) step(job *actionlint.Job, step *actionlint.Step, inside scope, temp string, started *ran) (outputs map[string]any, ok bool) {
	if action, isAction := step.Exec.(*actionlint.ExecAction); isAction {
		r.action(action, inside)
		return nil, true
	}
	text := inside.text(r.t, step.Exec.(*actionlint.ExecRun).Run.Value)
	if r.event.installed && text == ".github/install-dagger.sh" {
		stand(r.t, r.folder, "dagger")
		return nil, true
	}
	env := []string{"PATH=" + r.path(temp), "HOME=" + r.folder, "RUNNER_TEMP=" + temp,
		"GITHUB_OUTPUT=" + filepath.Join(temp, "outputs"), "GITHUB_PATH=" + filepath.Join(temp, "paths"),
		"GITHUB_STEP_SUMMARY=" + filepath.Join(temp, "summary"),
		"DAGGER_CALLS=" + filepath.Join(temp, "calls"), "DAGGER_RELEASE=" + releaseFile, "DAGGER_FAILS=" + r.event.fails,
		"DOWNLOAD=" + filepath.Join(r.folder, "download.tar.gz")}
	for _, vars := range []*actionlint.Env{r.workflow.Env, job.Env, step.Env} {
		if vars == nil {
			continue
		}
		for _, variable := range vars.Vars {
			env = append(env, variable.Name.Value+"="+inside.text(r.t, variable.Value.Value))
		}
	}
	script := filepath.Join(temp, "script.sh")
	require.NoError(r.t, os.WriteFile(script, []byte(text), 0o644))
	// What GitHub starts for `shell: bash`, which audit_test.go asks of every workflow.
	command := exec.Command("/bin/bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	command.Dir, command.Env = filepath.Join(r.folder, "workspace"), env
	output, err := command.CombinedOutput()
	started.output += string(output)
	return readOutputs(r.t, filepath.Join(temp, "outputs")), err == nil
}

// action does what the actions do that the workflows use.
func (r *run) action(action *actionlint.ExecAction, inside scope) {
	with := func(name string) string { return inside.text(r.t, action.Inputs[name].Value.Value) }
	name, _, _ := strings.Cut(action.Uses.Value, "@")
	switch name {
	case "actions/checkout":
	case "actions/upload-artifact":
		text, err := os.ReadFile(with("path"))
		require.NoError(r.t, err)
		if r.event.tampered != "" {
			text = []byte(r.event.tampered)
		}
		r.artifacts[with("name")+"/"+filepath.Base(with("path"))] = string(text)
	case "actions/download-artifact":
		for path, text := range r.artifacts {
			if file, found := strings.CutPrefix(path, with("name")+"/"); found {
				require.NoError(r.t, os.WriteFile(filepath.Join(with("path"), file), []byte(text), 0o644))
			}
		}
	default:
		require.Fail(r.t, "an action that is not known here", name)
	}
}

// path is the PATH of a step: what earlier steps added comes first.
func (r *run) path(temp string) string {
	added, err := os.ReadFile(filepath.Join(temp, "paths"))
	if err != nil {
		return path(r.folder)
	}
	return strings.Join(append(strings.Fields(string(added)), path(r.folder)), ":")
}

// readOutputs reads what steps wrote to $GITHUB_OUTPUT.
func readOutputs(t testing.TB, path string) map[string]any {
	t.Helper()
	outputs := map[string]any{}
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return outputs
	}
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		require.True(t, found, "an output of more than one line: %q", line)
		outputs[name] = value
	}
	return outputs
}
