package workflows

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scope is what an expression can see: the contexts (github, inputs, needs, …) and the state of what ran before.
type scope struct {
	contexts map[string]any
	// status answers success, failure and cancelled.
	status map[string]bool
}

// condition evaluates an `if`. Without one, and where none of the status functions is called, success() is implied.
func (s scope) condition(t testing.TB, text *actionlint.String) bool {
	t.Helper()
	if text == nil {
		return s.status["success"]
	}
	source := strings.TrimSpace(text.Value)
	source = strings.TrimSuffix(strings.TrimPrefix(source, "${{"), "}}")
	expression := parse(t, source)
	asked := false
	actionlint.VisitExprNode(expression, func(node, _ actionlint.ExprNode, entering bool) {
		call, isCall := node.(*actionlint.FuncCallNode)
		asked = asked || isCall && (call.Callee == "always" || isStatus(call.Callee))
	})
	return truthy(s.value(t, expression)) && (asked || s.status["success"])
}

func isStatus(function string) bool {
	return function == "success" || function == "failure" || function == "cancelled"
}

// text evaluates a value of the workflow file: every ${{ … }} in it is replaced by what it gives.
func (s scope) text(t testing.TB, template string) string {
	t.Helper()
	var result strings.Builder
	for {
		before, rest, found := strings.Cut(template, "${{")
		result.WriteString(before)
		if !found {
			return result.String()
		}
		source, after, closed := strings.Cut(rest, "}}")
		require.True(t, closed, "%q: a ${{ that is not closed", template)
		result.WriteString(asText(s.value(t, parse(t, source))))
		template = after
	}
}

func parse(t testing.TB, source string) actionlint.ExprNode {
	t.Helper()
	expression, err := actionlint.NewExprParser().Parse(actionlint.NewExprLexer(source + "}}"))
	if err != nil {
		require.Fail(t, "parsing an expression", "%q: %s", source, err)
	}
	return expression
}

// value knows those parts of the language that the workflows use; anything else fails the test.
func (s scope) value(t testing.TB, node actionlint.ExprNode) any {
	t.Helper()
	switch node := node.(type) {
	case *actionlint.NullNode:
		return nil
	case *actionlint.BoolNode:
		return node.Value
	case *actionlint.IntNode:
		return float64(node.Value)
	case *actionlint.StringNode:
		return node.Value
	case *actionlint.VariableNode:
		context, known := s.contexts[node.Name]
		require.True(t, known, "the context %q is not there", node.Name)
		return context
	case *actionlint.ObjectDerefNode:
		object, _ := s.value(t, node.Receiver).(map[string]any)
		for key, value := range object {
			if strings.EqualFold(key, node.Property) {
				return value
			}
		}
		return nil
	case *actionlint.NotOpNode:
		return !truthy(s.value(t, node.Operand))
	case *actionlint.LogicalOpNode:
		left := s.value(t, node.Left)
		if truthy(left) == (node.Kind == actionlint.LogicalOpNodeKindOr) {
			return left
		}
		return s.value(t, node.Right)
	case *actionlint.CompareOpNode:
		same := equal(s.value(t, node.Left), s.value(t, node.Right))
		require.Contains(t, []actionlint.CompareOpNodeKind{actionlint.CompareOpNodeKindEq, actionlint.CompareOpNodeKindNotEq}, node.Kind)
		return same == (node.Kind == actionlint.CompareOpNodeKindEq)
	case *actionlint.FuncCallNode:
		if node.Callee == "always" {
			return true
		}
		require.True(t, isStatus(node.Callee), "the function %q is not known here", node.Callee)
		return s.status[node.Callee]
	}
	require.Fail(t, "an expression that is not known here", "%T", node)
	return nil
}

// equal is GitHub's ==: strings without regard to case, and values of two types as numbers.
func equal(a, b any) bool {
	if a, isText := a.(string); isText {
		if b, isText := b.(string); isText {
			return strings.EqualFold(a, b)
		}
	}
	if a == nil && b == nil {
		return true
	}
	return number(a) == number(b)
}

func number(value any) float64 {
	switch value := value.(type) {
	case nil:
		return 0
	case bool:
		if value {
			return 1
		}
		return 0
	case float64:
		return value
	case string:
		if value == "" {
			return 0
		}
		if parsed, err := strconv.ParseFloat(value, 64); err == nil {
			return parsed
		}
	}
	return math.NaN()
}

func truthy(value any) bool {
	switch value := value.(type) {
	case nil:
		return false
	case bool:
		return value
	case float64:
		return value != 0
	case string:
		return value != ""
	}
	return true
}

func asText(value any) string {
	if value == nil {
		return ""
	}
	return fmt.Sprint(value)
}

func TestExpressions(t *testing.T) {
	s := scope{
		contexts: map[string]any{
			"inputs": map[string]any{"release": "v1", "force": true},
			"needs":  map[string]any{"release": map[string]any{"result": "cancelled"}},
		},
		status: map[string]bool{"success": false},
	}
	for source, want := range map[string]any{
		"inputs.release == 'V1'":                            true,
		"inputs.release != ''":                              true,
		"inputs.none == ''":                                 true, // an input that is not there equals an empty one
		"inputs.none != 'staging'":                          true,
		"inputs.force":                                      true,
		"inputs.none || inputs.release":                     "v1",
		"inputs.none && inputs.release":                     nil,
		"inputs.force && 'yes' || 'no'":                     "yes",
		"needs.release.result == 'success'":                 false,
		"!cancelled() && needs.release.result != 'failure'": true,
		"success()":                                         false,
	} {
		assert.Equal(t, want, s.value(t, parse(t, source)), source)
	}
	assert.Equal(t, "v1 and true", s.text(t, "${{ inputs.release }} and ${{ inputs.force }}"))

	for source, want := range map[string]bool{
		"inputs.force":             false, // success() is implied
		"always() && inputs.force": true,
		"${{ !cancelled() }}":      true,
	} {
		assert.Equal(t, want, s.condition(t, &actionlint.String{Value: source}), source)
	}
}
