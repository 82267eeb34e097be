package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/record"
	"github.com/codingbutter/team-dashboard/ci/rollout"
)

// result says how a deploy or rollback that succeeded went.
func (p *page) result(r rollout.Result) {
	if !r.Changed {
		p.line("%s already runs %s (revision %d): nothing was changed.", r.Environment, place(r.Release, r.Slot), r.Revision)
		p.services(r.Services)
		p.next(command{"dagger call status --env " + r.Environment, "what runs there now"})
		return
	}
	p.line("%s now runs %s (revision %d).", r.Environment, place(r.Release, r.Slot), r.Revision)
	p.line("%s", r.URL)
	if r.Resumed != "" {
		p.line("Before that, what a run had left was taken up: %s.", r.Resumed)
	}
	p.phases(r.Phases)
	p.services(r.Services)
	p.evidence(r)
	p.next(afterRun(r)...)
}

// afterRun is what people do after a run that succeeded: look, go on to production, or go back.
func afterRun(r rollout.Result) []command {
	commands := []command{{"dagger call status --env " + r.Environment, "what runs there now"}}
	if r.Action == record.Deploy && r.Onward != "" {
		commands = append(commands, command{fmt.Sprintf("dagger call deploy --env %s --release %s", r.Onward, r.Release), "take it on to " + r.Onward})
	}
	if r.Action == record.Deploy && r.Before != "" && r.Before != r.Release {
		commands = append(commands, command{"dagger call rollback --env " + r.Environment, "go back to " + r.Before})
	}
	if r.Action == record.Rollback && r.Before != "" && r.Before != r.Release {
		commands = append(commands, command{fmt.Sprintf("dagger call deploy --env %s --release %s", r.Environment, r.Before), "deploy what was gone back from"})
	}
	return append(commands, command{"dagger call history --env " + r.Environment, "what ran before"})
}

// failedRun shows how far a run came that did not succeed; nothing for one that was refused before its first step.
func (p *page) failedRun(r rollout.Result) {
	if r.Revision == 0 {
		return
	}
	p.line("%s of %s to %s, revision %d: %s", r.Action, place(r.Release, r.Slot), r.Environment, r.Revision, r.Outcome)
	p.phases(r.Phases)
	p.services(r.Services)
	p.evidence(r)
	p.next(command{"dagger call status --env " + r.Environment, "what runs there now"},
		command{"dagger call history --env " + r.Environment, "what ran, and how it ended"})
}

func (p *page) phases(phases []record.Phase) {
	var rows [][]string
	var total time.Duration
	for _, phase := range phases {
		ended := "done"
		if phase.Failed {
			ended = "FAILED"
		}
		rows = append(rows, []string{string(phase.Name), duration(phase.Duration), ended})
		total += phase.Duration
	}
	if len(rows) > 0 {
		rows = append(rows, []string{"in all", duration(total), ""})
	}
	p.table([]string{"PHASE", "TIME", ""}, rows)
}

func (p *page) services(services []rollout.ServiceStatus) {
	var rows [][]string
	for _, service := range services {
		released := "as released"
		if !service.AsReleased {
			released = "NOT AS RELEASED"
		}
		rows = append(rows, []string{service.Name, fmt.Sprintf("%d/%d", service.Ready, service.Desired), fmt.Sprint(service.Restarts), short(service.Digest), released})
	}
	p.table([]string{"SERVICE", "READY", "RESTARTS", "IMAGE", ""}, rows)
}

// evidence is what shows that it works: the switch, the user flows, the watch.
func (p *page) evidence(r rollout.Result) {
	var rows [][]string
	if s := r.Switch; s != nil {
		rows = append(rows, []string{"traffic", switched(*s)})
	}
	if r.Smoke != nil {
		rows = append(rows, []string{"user flows", fmt.Sprintf("%d of %d work", r.Smoke.Passed, r.Smoke.Passed+r.Smoke.Failed)})
	}
	if w := r.Watch; w != nil {
		rows = append(rows, []string{"watch", fmt.Sprintf("%s, %d samples: %s, %s", duration(w.Took), len(w.Samples), w.Verdict.Outcome, w.Verdict.Reason)})
	}
	if len(r.Changes) > 0 {
		rows = append(rows, []string{"written", written(r.Changes)})
	}
	for _, warning := range r.Warnings {
		rows = append(rows, []string{"warning", warning})
	}
	if len(rows) > 0 {
		p.gap()
		p.columns(rows)
	}
}

// written counts what the API server answered to the writes of a run, object by object.
func written(changes []cluster.Change) string {
	counts := map[string]int{}
	var actions []string
	for _, change := range changes {
		action := string(change.Action)
		if counts[action] == 0 {
			actions = append(actions, action)
		}
		counts[action]++
	}
	slices.Sort(actions)
	said := make([]string, len(actions))
	for i, action := range actions {
		said[i] = fmt.Sprintf("%d %s", counts[action], action)
	}
	return count(len(changes), "object", "objects") + ": " + strings.Join(said, ", ")
}

func switched(s record.Switch) string {
	asked := fmt.Sprintf("%s by fresh connections, %d failed", count(s.Requests, "request", "requests"), s.Failed)
	switch {
	case s.To == "":
		return fmt.Sprintf("only the new release answers, after %s; %s", duration(s.Settled), asked)
	case s.From == "":
		return fmt.Sprintf("to %s, where there was nothing before: Services changed in %s, %s answers after %s", s.To, duration(s.Patched), s.To, duration(s.Settled))
	}
	return fmt.Sprintf("from %s to %s: Services changed in %s, only %s answers after %s; %s", s.From, s.To, duration(s.Patched), s.To, duration(s.Settled), asked)
}
