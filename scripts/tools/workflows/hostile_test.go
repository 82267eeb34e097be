package workflows

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile are values that a person, or a program with somebody's token, can type where a name is wanted.
var hostile = map[string]string{
	"substitution":       "x$(touch pwned)",
	"backticks":          "x`touch pwned`",
	"semicolon":          "x; touch pwned",
	"operators":          "x && touch pwned | touch pwned &",
	"double quote":       `x" ; touch pwned; "`,
	"single quote":       `x' ; touch pwned; '`,
	"lines":              "x\ntouch pwned\r\ntouch pwned\n",
	"redirection":        "x > pwned",
	"no spaces":          "x;touch${IFS}pwned",
	"arithmetic":         "a[$(touch pwned)]",
	"subscript":          "x]$(touch pwned)[",
	"all of an array":    "@",
	"a secret":           "$KUBECONFIG_CONTENT",
	"expression":         "${{ secrets.KUBECONFIG }}",
	"patterns":           "~/{a,b}/*",
	"space":              " ",
	"words":              "x y\tz",
	"backslash":          `x\`,
	"format":             "%s%n!!",
	"help":               "--help",
	"dash":               "-",
	"end of flags":       "--",
	"flag":               "--kubeconfig=file:///etc/passwd",
	"secret's address":   "env://KUBECONFIG_CONTENT",
	"path":               "../../etc/passwd",
	"command of runners": "::add-mask::x",
	"output of a step":   "x\nresult=success",
	"unicode":            "v1.0.0\u202e\u2066 \u2014 caf\u00e9 \U0001f984",
	"very long":          strings.Repeat("$(touch pwned)", 4000),
}

// inputs are those that take any text, with the flag by which dagger is told.
var inputs = []struct {
	workflow, input, flag string
	others                map[string]any
}{
	{"deploy", "release", "--release=", map[string]any{"environment": "staging"}},
	{"deploy", "release", "--release=", map[string]any{"environment": "production"}},
	{"deploy", "watch", "--watch=", map[string]any{"environment": "production", "release": "v1"}},
	{"deploy", "watch", "--watch=", map[string]any{"environment": "production"}},
	{"rollback", "to", "--to=", map[string]any{}},
	// These two GitHub checks itself. Should it not, they are values, too.
	{"rollback", "environment", "--env=", map[string]any{}},
	{"rollback", "force", "--force=", map[string]any{}},
}

func TestInputsReachDaggerAsOneArgument(t *testing.T) {
	for _, input := range inputs {
		workflow := load(t, input.workflow)
		with := func(value string) event {
			values := maps.Clone(input.others)
			values[input.input] = value
			started := dispatch(t, workflow, values)
			started.installed = true
			return started
		}
		plain := runWorkflow(t, workflow, with(word))
		for name, value := range hostile {
			t.Run(input.workflow+"/"+input.flag+name, func(t *testing.T) {
				t.Parallel()
				jobs := runWorkflow(t, workflow, with(value))
				assertArguments(t, plain, jobs, value)
				assert.Contains(t, lastCall(jobs), input.flag+value)
			})
		}
	}
}

// TestNamesFromGitHubReachDaggerAsOneArgument: nobody can have such a login today, and nothing here relies on that.
func TestNamesFromGitHubReachDaggerAsOneArgument(t *testing.T) {
	for name, plainly := range map[string]event{
		"deploy": push(), "ci": pullRequest("codingbutter/team-dashboard", "true"), "rollback": dispatch(t, load(t, "rollback"), nil),
	} {
		workflow := load(t, name)
		with := func(login string) event {
			named := plainly
			named.installed = true
			named.github = maps.Clone(plainly.github)
			for _, field := range []string{"actor", "triggering_actor", "ref", "ref_name", "head_ref"} {
				named.github[field] = login
			}
			return named
		}
		plain := runWorkflow(t, workflow, with(word))
		for kind, value := range hostile {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				jobs := runWorkflow(t, workflow, with(value))
				assertArguments(t, plain, jobs, value)
				assert.Contains(t, lastCall(jobs), "--actor="+value)
			})
		}
	}
}

// lastCall is what the last job told dagger last: to deploy, or to roll back.
func lastCall(jobs []ran) []string {
	calls := jobs[len(jobs)-1].calls
	return calls[len(calls)-1].arguments
}

// word stands where a hostile value goes.
const word = "PLAIN"

// assertArguments compares a run with a value to one with a plain word: the same jobs, the same calls, and the same
// arguments but for the value in the word's place.
func assertArguments(t *testing.T, plain, jobs []ran, value string) {
	t.Helper()
	require.Len(t, jobs, len(plain))
	for i, job := range jobs {
		require.Equal(t, "success", job.result, job.output)
		require.Len(t, job.calls, len(plain[i].calls))
		for j, call := range job.calls {
			want := slices.Clone(plain[i].calls[j].arguments)
			for k := range want {
				want[k] = strings.ReplaceAll(want[k], word, value)
			}
			assert.Equal(t, want, call.arguments, job.job)
		}
	}
}

// TestTheRunnerNoticesAnInjection runs a workflow that pastes an input into its script, as the vendor's action would.
func TestTheRunnerNoticesAnInjection(t *testing.T) {
	for _, name := range []string{"substitution", "backticks", "semicolon", "operators", "lines", "redirection", "no spaces"} {
		workflow := parseWorkflow(t, "testdata/pasted.yml")
		r := &run{t: t, workflow: workflow, folder: sandbox(t), results: map[string]any{},
			event: dispatch(t, workflow, map[string]any{"release": hostile[name]})}
		r.start(workflow.Jobs["deploy"], r.scope(workflow.Jobs["deploy"]))
		assert.NotEmpty(t, executed(t, r.folder), name)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
}
