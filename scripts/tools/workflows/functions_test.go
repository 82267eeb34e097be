package workflows

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFunctionsAndFlagsAreTheModules compares every call that a workflow makes with the functions of ci/module.
func TestFunctionsAndFlagsAreTheModules(t *testing.T) {
	module := moduleFlags(t)
	require.Contains(t, module["deploy"], "--lock-timeout", "the module was not read")
	for name, event := range map[string]event{
		"deploy": push(), "ci": pullRequest("codingbutter/team-dashboard", "true"), "rollback": dispatch(t, load(t, "rollback"), nil),
	} {
		for _, job := range runWorkflow(t, load(t, name), event) {
			for _, call := range job.calls {
				assertCall(t, module, call.arguments)
			}
		}
	}
}

// assertCall reads a call as dagger does: flags belong to the function that stands before them; those before the first
// one are the constructor's; `export` is Dagger's own.
func assertCall(t *testing.T, module map[string][]string, arguments []string) {
	t.Helper()
	require.Equal(t, "call", arguments[0])
	function := "new"
	for _, argument := range arguments[1:] {
		flag, _, _ := strings.Cut(argument, "=")
		switch {
		case function == "export":
			assert.Equal(t, "--path", flag)
		case strings.HasPrefix(argument, "--"):
			assert.Contains(t, module[function], flag, "%s of %s", flag, function)
		case argument == "export":
			function = argument
		default:
			require.Contains(t, module, argument, "no such function")
			function = argument
		}
	}
}

// moduleFlags are the flags of each function of the module, by the names of the command line.
func moduleFlags(t *testing.T) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "ci/module/*.go"))
	require.NoError(t, err)
	flags := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, ".gen.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		require.NoError(t, err)
		for _, declared := range parsed.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || !function.Name.IsExported() || !ofTheModule(function) {
				continue
			}
			name := kebab(function.Name.Name)
			flags[name] = []string{}
			for _, field := range function.Type.Params.List {
				for _, parameter := range field.Names {
					flags[name] = append(flags[name], "--"+kebab(parameter.Name))
				}
			}
		}
	}
	return flags
}

// ofTheModule: the constructor, and methods of the module itself rather than of a group of functions.
func ofTheModule(function *ast.FuncDecl) bool {
	if function.Recv == nil {
		return true
	}
	pointer, ok := function.Recv.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	receiver, ok := pointer.X.(*ast.Ident)
	return ok && receiver.Name == "TeamDashboard"
}

var humps = regexp.MustCompile(`[a-z0-9][A-Z]`)

func kebab(name string) string {
	spaced := humps.ReplaceAllStringFunc(name, func(hump string) string { return hump[:1] + "-" + hump[1:] })
	return strings.Map(unicode.ToLower, spaced)
}
