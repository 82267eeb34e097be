package report

import (
	"strings"

	"github.com/codingbutter/team-dashboard/ci/health"
	"github.com/codingbutter/team-dashboard/ci/preflight"
	"github.com/codingbutter/team-dashboard/ci/rollout"
	"github.com/codingbutter/team-dashboard/ci/secrets"
	"github.com/codingbutter/team-dashboard/ci/smoke"
)

// mark is how a check ended, to be found by eye and by grep.
func mark(ok bool) string {
	if ok {
		return "ok"
	}
	return "FAIL"
}

// health lists the checks; what is well is a single line unless the page is verbose.
func (p *page) health(r health.Report) {
	if r.OK() {
		p.line("%s is healthy: %s passed.", strings.TrimSpace(r.Environment+" "+r.Slot), count(len(r.Checks), "check", "checks"))
	} else {
		p.line("%s is NOT healthy.", strings.TrimSpace(r.Environment+" "+r.Slot))
	}
	var rows [][]string
	for _, check := range r.Checks {
		if check.OK && !p.verbose {
			rows = append(rows, []string{mark(true), check.Name, "", duration(check.Duration)})
			continue
		}
		for i, detail := range strings.Split(check.Detail, "\n") {
			row := []string{mark(check.OK), check.Name, detail, duration(check.Duration)}
			if i > 0 {
				row = []string{"", "", detail, ""}
			}
			rows = append(rows, row)
		}
	}
	p.gap()
	p.columns(rows)
	if !r.OK() {
		p.next(command{"dagger call status --env " + r.Environment, "what runs there"},
			command{"dagger call rollback --env " + r.Environment, "go back to the previous revision"})
	}
}

// smoke lists the user flows.
func (p *page) smoke(s smoke.Result) {
	p.line("%d of %d user flows work.", s.Passed, s.Passed+s.Failed)
	var rows [][]string
	for _, flow := range s.Flows {
		rows = append(rows, []string{mark(flow.OK), flow.Name, duration(flow.Duration()), flow.Error})
	}
	if len(rows) > 0 {
		p.gap()
		p.columns(rows)
	}
}

// preview says what a deploy would do, and what stands in its way.
func (p *page) preview(v rollout.Preview) {
	if !v.Changes {
		p.line("%s already runs %s: deploy would change nothing.", v.Environment, v.Release)
		return
	}
	p.line("deploy would bring %s to %s.", place(v.Release, v.Slot), v.Environment)
	if v.Before != "" {
		p.line("%s is live there now.", v.Before)
	}
	p.preflight(v.Checks)
	if p.verbose {
		rows := make([][]string, len(v.Objects))
		for i, object := range v.Objects {
			rows[i] = []string{object}
		}
		p.table([]string{"OBJECTS TO APPLY"}, rows)
	} else {
		p.gap()
		p.line("%s would be applied.", count(len(v.Objects), "object", "objects"))
	}
	if v.Checks.Err() == nil {
		p.next(command{"dagger call deploy --env " + v.Environment + " --release " + v.Release, "do it"})
	}
}

func (p *page) preflight(r preflight.Report) {
	var rows [][]string
	for _, check := range r.Checks {
		rows = append(rows, []string{mark(check.OK), check.Name, brief(check.Detail)})
		for _, warning := range check.Warnings {
			rows = append(rows, []string{"warning", check.Name, warning})
		}
	}
	p.gap()
	p.columns(rows)
}

// secrets lists keys and how they are, never values.
func (p *page) secrets(r secrets.Report) {
	if bad := len(r.Problems()); bad > 0 {
		p.line("%s is NOT ready: %s of %d cannot be used.", r.Environment, count(bad, "key", "keys"), len(r.Entries))
	} else {
		p.line("%s has all of its %d keys.", r.Environment, len(r.Entries))
	}
	var rows [][]string
	for _, entry := range r.Entries {
		rows = append(rows, []string{entry.Secret, entry.Key, string(entry.State), entry.Detail})
	}
	p.table([]string{"SECRET", "KEY", "STATE", ""}, rows)
	if r.Unfinished != "" {
		p.next(command{"dagger call " + r.Unfinished, "finish the rotation that was killed"})
	}
}

// rotation says which keys have new values, and who was told.
func (p *page) rotation(r secrets.Rotation) {
	rotated := 0
	var rows [][]string
	for _, entry := range r.Entries {
		if entry.State == secrets.Rotated {
			rotated++
		}
		rows = append(rows, []string{entry.Secret, entry.Key, string(entry.State)})
	}
	p.line("%s: %s of %d changed.", r.Environment, count(rotated, "key", "keys"), len(r.Entries))
	if r.Resumed != "" {
		p.line("That finished a rotation that was killed.")
	}
	p.table([]string{"SECRET", "KEY", "STATE"}, rows)
	rows = nil
	for _, server := range r.Servers {
		rows = append(rows, []string{server, "takes the new password and no other"})
	}
	for _, reader := range r.Readers {
		rows = append(rows, []string{reader, "reads it from a file, within two minutes; let the old one work as long"})
	}
	for _, service := range r.Restarted {
		rows = append(rows, []string{service, "restarted"})
	}
	if len(rows) > 0 {
		p.gap()
		p.columns(rows)
	}
	p.next(command{"dagger call secrets verify --env " + r.Environment, "what there is of each key"})
}
