package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
)

// journey is the writes of a run: how many each step has.
func journey(steps ...struct {
	step Step
	n    int
}) []apiproxy.Write {
	var writes []apiproxy.Write
	for _, s := range steps {
		for n := range s.n {
			writes = append(writes, apiproxy.Write{Step: string(s.step), N: n + 1})
		}
	}
	return writes
}

func TestEventsAreDue(t *testing.T) {
	type leg = struct {
		step Step
		n    int
	}
	whole := journey(leg{"lock", 5}, leg{"apply", 20}, leg{"wait", 2}, leg{"verify", 1}, leg{"switch", 5})
	shot := func(step Step, n int) Shot { return Shot{Cell: Cell{Conflict, step}, N: n} }
	tests := map[string]struct {
		shots []Shot
		seen  map[Step]int
		want  []apiproxy.Write
	}{
		"at the n-th write":                    {[]Shot{shot("apply", 3)}, nil, []apiproxy.Write{{Step: "apply", N: 3}}},
		"at each of several steps":             {[]Shot{shot("lock", 1), shot("switch", 5)}, nil, []apiproxy.Write{{Step: "lock", N: 1}, {Step: "switch", N: 5}}},
		"at the end of a step that is shorter": {[]Shot{shot("verify", 2)}, nil, []apiproxy.Write{{Step: "switch", N: 1}}},
		"at the last of those known":           {[]Shot{shot("wait", 9)}, map[Step]int{"wait": 2}, []apiproxy.Write{{Step: "wait", N: 2}}},
		"a step that is not reached":           {[]Shot{shot("undo", 1)}, nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := &round{campaign: &campaign{seen: map[Step]int{}}, left: test.shots}
			for step, n := range test.seen {
				r.seen[step] = n
			}
			var at []apiproxy.Write
			for _, w := range whole {
				for range r.due(w) {
					at = append(at, w)
				}
			}
			assert.Equal(t, test.want, at)
			assert.Equal(t, len(test.shots) > len(at), len(r.left) > 0)
			assert.Equal(t, 20, r.seen["apply"], "how many writes the step has is known now")
		})
	}
}
