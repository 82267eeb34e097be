package chaos

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/codingbutter/team-dashboard/ci/e2e/ledger"
)

var start = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)

func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

// request is one that was asked and answered at some second.
func request(path string, asked, answered float64, status int) ledger.Entry {
	return ledger.Entry{Path: path, Asked: at(asked), Answered: at(answered), Status: status}
}

func TestExplain(t *testing.T) {
	hits := map[string][]string{"/agents": {"agent-manager", "postgres"}, "/": {"dashboard"}}
	pods := Outage{Service: "agent-manager", From: at(10), To: at(20), Cause: ByPods}
	tests := map[string]struct {
		entry   ledger.Entry
		outages []Outage
		want    Cause // empty: unexplained
	}{
		"during the outage of its Service": {request("/agents", 12, 13, 503), []Outage{pods}, ByPods},
		"on its way when that began":       {request("/agents", 9, 11, 502), []Outage{pods}, ByPods},
		"asked just before that ended":     {request("/agents", 19, 25, 0), []Outage{pods}, ByPods},
		"answered before":                  {request("/agents", 8, 9, 503), []Outage{pods}, ""},
		"asked after":                      {request("/agents", 21, 22, 503), []Outage{pods}, ""},
		"to another Service":               {request("/", 12, 13, 503), []Outage{pods}, ""},
		"no outage at all":                 {request("/", 12, 13, 503), nil, ""},
		"of what its Service depends on":   {request("/agents", 12, 13, 503), []Outage{{Service: "postgres", From: at(10), To: at(20), Cause: ByNode}}, ByNode},
		"of all Services":                  {request("/", 12, 13, 503), []Outage{{From: at(10), To: at(20), Cause: ByHand}}, ByHand},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fine := request("/", 12, 13, 200)
			got := explain([]ledger.Entry{fine, test.entry}, hits, test.outages)
			assert.Equal(t, 2, got.Requests)
			assert.Equal(t, 1, got.Failed)
			if test.want == "" {
				assert.Equal(t, []ledger.Entry{test.entry}, got.Unexplained)
				assert.Empty(t, got.Explained)
				return
			}
			assert.Empty(t, got.Unexplained)
			assert.Equal(t, map[Cause]int{test.want: 1}, got.Explained)
		})
	}
}

func answer(slot, release string, asked float64) ledger.Entry {
	return ledger.Entry{Slot: slot, Release: release, Asked: at(asked), Answered: at(asked + 0.1), Status: 200}
}

func TestMixed(t *testing.T) {
	tests := map[string]struct {
		entries []ledger.Entry
		want    int
	}{
		"a switch":                 {[]ledger.Entry{answer("blue", "v1", 0), answer("green", "v2", 0.1), answer("blue", "v1", 0.2), answer("green", "v2", 0.3)}, 0},
		"a slot that is used anew": {[]ledger.Entry{answer("blue", "v1", 0), answer("green", "v2", 5), answer("blue", "v3", 10)}, 0},
		"two in one slot":          {[]ledger.Entry{answer("blue", "v1", 0), answer("blue", "v2", 0.2), answer("blue", "v1", 0.4)}, 2},
		"an error page":            {[]ledger.Entry{answer("blue", "v1", 0), {Status: 503, Asked: at(0.1)}, answer("blue", "v1", 0.2)}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { assert.Len(t, mixed(test.entries), test.want) })
	}
}
