package cluster

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestIncludes(t *testing.T) {
	type object = map[string]any
	live := object{"a": object{"b": int64(1), "c": "x"}, "list": []any{object{"name": "web", "more": true}}}
	for name, test := range map[string]struct {
		wanted any
		want   bool
	}{
		"the same":       {live, true},
		"less":           {object{"a": object{"b": int64(1)}}, true},
		"less in a list": {object{"list": []any{object{"name": "web"}}}, true},
		"another value":  {object{"a": object{"b": int64(2)}}, false},
		"another kind":   {object{"a": "x"}, false},
		"a field more":   {object{"a": object{"d": "x"}}, false},
		"an entry more":  {object{"list": []any{object{"name": "web"}, object{"name": "api"}}}, false},
		"an entry less":  {object{"list": []any{}}, false},
		"nothing wanted": {object{}, true},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, Includes(live, test.wanted)) })
	}
}
