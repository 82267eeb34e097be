package chaos

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
)

func TestReadClaim(t *testing.T) {
	const reverted = "#12 prove\nError: prove: 2 of 6 flows failed; the traffic was switched back to v2 in slot green; fix the release\n\ndeploy of v3 in slot blue to production, revision 3: reverted\n [traceparent:00-1]\n"
	tests := map[string]struct {
		code           int
		stdout, stderr string
		want           Claim
	}{
		"JSON":               {0, `{"outcome":"succeeded","release":"v2","slot":"green","revision":2,"changed":true,"phases":[]}`, "", Claim{Outcome: "succeeded", Release: "v2", Slot: "green", Revision: 2, Changed: true}},
		"text":               {0, "production now runs v2 in slot green (revision 2).\nhttps://example.com\n", "", Claim{Outcome: "succeeded", Release: "v2", Slot: "green", Revision: 2, Changed: true}},
		"text of no change":  {0, "production already runs v2 in slot green (revision 2): nothing was changed.\n", "", Claim{Outcome: "succeeded", Release: "v2", Slot: "green", Revision: 2}},
		"a run that failed":  {1, "", reverted, Claim{Code: 1, Outcome: "reverted", Release: "v3", Slot: "blue", Revision: 3, Changed: true}},
		"a run that was not": {1, "", "Error: locking namespace\n", Claim{Code: 1, Changed: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			claim, err := readClaim(test.code, test.stdout, test.stderr)
			require.NoError(t, err)
			assert.Equal(t, test.code != 0, claim.Error != "")
			claim.Error = ""
			assert.Equal(t, test.want, claim)
		})
	}
	_, err := readClaim(0, "fine", "")
	assert.Error(t, err, "says nothing")
	_, err = readClaim(1, "", "#1 what\n")
	assert.Error(t, err, "no error")
}

// wrote is an accepted write at a second.
func wrote(verb, resource, name string, second float64) audit.Entry {
	entry := audit.Entry{Stage: "ResponseComplete", Verb: verb, Received: at(second), Answered: at(second), ObjectRef: &audit.Object{Resource: resource, Name: name}}
	entry.ResponseStatus.Code = 200
	return entry
}

func TestContradictions(t *testing.T) {
	success := Claim{Outcome: "succeeded", Release: "v2", Slot: "green", Revision: 2, Changed: true}
	noChange := success
	noChange.Changed = false
	failure := func(text string) Claim { return Claim{Code: 1, Changed: true, Error: text} }
	tests := map[string]struct {
		claim  Claim
		change func(*Witness)
		want   string // empty: all of it is so
	}{
		"a deploy":                            {success, func(*Witness) {}, ""},
		"the traffic goes elsewhere":          {success, func(w *Witness) { w.After.Selected["dashboard"] = "blue" }, "says slot green is live"},
		"another release is in the slot":      {success, func(w *Witness) { w.After.change("green", "dashboard", func(l *Workload) { l.Version = "v1" }) }, "runs v2"},
		"the record says otherwise":           {success, func(w *Witness) { w.After.Records[0].Outcome = "running" }, "the record says v2 in slot green, running"},
		"there is no record":                  {success, func(w *Witness) { w.After.Records = nil }, "no record"},
		"somebody deployed since":             {success, func(w *Witness) { w.Alone, w.After.Selected["dashboard"] = false, "blue" }, ""},
		"no change":                           {noChange, func(*Witness) {}, ""},
		"no change but the lock":              {noChange, func(w *Witness) { w.Written = []audit.Entry{wrote("patch", "leases", "pipeline", 1)} }, ""},
		"no change, and a write":              {noChange, func(w *Witness) { w.Written = []audit.Entry{wrote("patch", "services", "dashboard", 1)} }, "patch services/dashboard"},
		"untouched":                           {failure("wait: no; production was not touched"), func(*Witness) {}, ""},
		"untouched, with a narrower policy":   {failure("wait: no; production was not touched"), func(w *Witness) { w.After.Shared = map[string]string{"NetworkPolicy/redis": "2"} }, "NetworkPolicy/redis"},
		"untouched, with the live slot empty": {failure("production was not touched"), func(w *Witness) { w.After.change("green", "dashboard", func(l *Workload) { l.Desired = 0 }) }, "with 0 pods"},
		"switched back":                       {failure("x; the traffic was switched back to v2 in slot green; fix it"), func(*Witness) {}, ""},
		"switched back, but not":              {failure("x; the traffic was switched back to v1 in slot blue; fix it"), func(*Witness) {}, "says slot blue is live"},
		"stays":                               {failure("x; the traffic stays with v2, since it was forced"), func(*Witness) {}, ""},
		"stays in the slot":                   {failure("x; the traffic stays in slot green, since slot blue cannot take it: y"), func(*Witness) {}, ""},
		"stays in the slot, but not":          {failure("x; the traffic stays in slot blue, since slot green cannot take it: y"), func(*Witness) {}, "stays in slot blue"},
		"no traffic had moved, but it had":    {failure("wait: no; no traffic of production had moved"), func(w *Witness) { w.After.Shared = map[string]string{"selector of dashboard": "blue"} }, "selector of dashboard"},
		"stays, but not":                      {failure("x; the traffic stays with v3, since it was forced"), func(*Witness) {}, "stays with v3"},
		"lost its lock to who succeeded":      {Claim{Code: 1, Outcome: "running", Revision: 2, Changed: true, Error: "settle: x; this run lost its lock and stopped"}, func(*Witness) {}, ""},
		"failed, and the record says success": {Claim{Code: 1, Outcome: "reverted", Revision: 2, Changed: true, Error: "x"}, func(*Witness) {}, "the record says succeeded"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			witness := Witness{Before: settled(), After: settled(), Alone: true}
			test.change(&witness)
			got := test.claim.contradictions(witness)
			if test.want == "" {
				assert.Empty(t, got)
				return
			}
			assert.Contains(t, strings.Join(got, "\n"), test.want)
		})
	}
}

func TestChangesThatAreReported(t *testing.T) {
	change := func(kind, name, action string) Change {
		c := Change{Action: action}
		c.Ref.Kind, c.Ref.Name = kind, name
		return c
	}
	created := wrote("create", "configmaps", "settings-1", 1)
	written := []audit.Entry{
		wrote("patch", "leases", "pipeline", 1), created, wrote("patch", "networkpolicies", "redis", 2), wrote("patch", "ingresses", "front", 2),
		wrote("patch", "statefulsets", "postgres", 2), wrote("create", "jobs", "smoke", 3), wrote("delete", "jobs", "smoke", 4), wrote("delete", "secrets", "record-1", 5),
	}
	all := []Change{change("ConfigMap", "settings-1", "created"), change("NetworkPolicy", "redis", "configured"), change("Ingress", "front", "unchanged"), change("Secret", "record-1", "deleted")}
	tests := map[string]struct {
		changes []Change
		want    string // empty: all of it is so
	}{
		"all":               {all, ""},
		"a report in words": {nil, ""},
		"a mark":            {append([]Change{change("StatefulSet", "postgres", "marked")}, all...), ""},
		"no mark":           {append([]Change{change("StatefulSet", "redis", "marked")}, all...), `statefulsets/redis as marked, and it was ""`},
		"one is not told":   {all[1:], "does not report, by the audit log: configmaps/settings-1 was created"},
		"one is made up":    {append([]Change{change("Service", "dashboard", "configured")}, all...), `services/dashboard as configured, and it was ""`},
		"another action":    {append([]Change{change("ConfigMap", "settings-1", "configured")}, all[1:]...), `as configured, and it was "created"`},
		"nothing to do":     {append([]Change{change("Service", "dashboard", "unchanged")}, all...), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			witness := Witness{Written: written, Marked: map[string]int{"statefulsets/postgres": 1}}
			got := strings.Join(Claim{Changes: test.changes}.falseChanges(witness), "\n")
			if test.want == "" {
				assert.Empty(t, got)
			} else {
				assert.Contains(t, got, test.want)
			}
		})
	}
}

func TestUnfenced(t *testing.T) {
	created := wrote("patch", "jobs", "smoke", 11)
	created.ResponseStatus.Code = 201
	tests := map[string]struct {
		written []audit.Entry
		want    int
	}{
		"before only":         {[]audit.Entry{wrote("patch", "deployments", "dashboard-blue", 9)}, 0},
		"after":               {[]audit.Entry{wrote("patch", "deployments", "dashboard-blue", 11), wrote("delete", "secrets", "record-1", 12)}, 2},
		"created and removed": {[]audit.Entry{created, wrote("delete", "jobs", "smoke", 12)}, 0},
		"created and left":    {[]audit.Entry{created}, 1},
		"took the lock again": {[]audit.Entry{wrote("update", "leases", "pipeline", 11), wrote("patch", "services", "dashboard", 12)}, 0},
		"removed by it":       {[]audit.Entry{wrote("delete", "jobs", "smoke", 12)}, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { assert.Len(t, unfenced(test.written, at(10)), test.want) })
	}
}
