package chaos

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestObserverKeepsGaps(t *testing.T) {
	o := newObserver(nil, "shop", []string{"dashboard"})
	o.note(map[string]bool{"dashboard": true, nodes: true}, at(0), at(1))
	o.note(map[string]bool{"dashboard": false, nodes: true}, at(1), at(2))
	o.note(map[string]bool{"dashboard": false, nodes: true}, at(2), at(3))
	assert.Len(t, o.since(at(0)), 1, "it is open")
	o.note(map[string]bool{"dashboard": true, nodes: true}, at(3), at(4))
	assert.Equal(t, []gap{{"dashboard", at(1), at(4)}}, o.since(at(0)))
	assert.Empty(t, o.since(at(4)))
}

func TestOutages(t *testing.T) {
	lost := gap{"dashboard", at(11), at(20)}
	tests := map[string]struct {
		deeds []deed
		gaps  []gap
		want  []Outage
	}{
		"no gap": {[]deed{{cause: ByPods, service: "dashboard", from: at(10), to: at(10)}}, nil, nil},
		"pods that were taken": {
			[]deed{{cause: ByPods, service: "dashboard", from: at(10), to: at(10)}}, []gap{lost},
			[]Outage{{Service: "dashboard", From: at(11), To: at(22), Cause: ByPods}},
		},
		"pods that stand still": {
			[]deed{{cause: ByPods, service: "dashboard", from: at(10), to: at(15), whole: true}}, nil,
			[]Outage{{Service: "dashboard", From: at(10), To: at(17), Cause: ByPods}},
		},
		// What moved the traffic to a slot without pods is not excused by an event long before.
		"a gap that begins later":     {[]deed{{cause: ByPods, service: "dashboard", from: at(2), to: at(3)}}, []gap{lost}, nil},
		"a gap that began earlier":    {[]deed{{cause: ByPods, service: "dashboard", from: at(14), to: at(15)}}, []gap{lost}, nil},
		"a gap of another Service":    {[]deed{{cause: ByPods, service: "agent-manager", from: at(10), to: at(15)}}, []gap{lost}, nil},
		"a gap that nobody made":      {nil, []gap{lost}, nil},
		"a gap while the node is out": {nil, []gap{lost, {nodes, at(9), at(18)}}, []Outage{{Service: "dashboard", From: at(11), To: at(22), Cause: ByNode}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, outages(test.deeds, test.gaps)) })
	}
}
