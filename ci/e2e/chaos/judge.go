package chaos

import (
	"encoding/json"

	"github.com/codingbutter/team-dashboard/ci/e2e/audit"
)

// judgeRuns holds what the runs of the events say against what is to be seen.
func (r *round) judgeRuns() error {
	after, err := look(r.ctx, r.api, r.Namespace, r.Services)
	if err != nil {
		return err
	}
	alone := len(r.commands) == 0 && !r.any(func(f Fired) bool { return f.Event.byHand() || f.Event == PodsLost })
	if err := r.judge(r.first, r.before, after, alone); err != nil {
		return err
	}
	for _, other := range r.commands {
		if err := r.judge(other, r.before, after, false); err != nil {
			return err
		}
	}
	r.judgeFence()
	r.judgeEnd(after)
	r.judgePassing()
	return nil
}

// judge reads what a command said, and what of that is not so.
func (r *round) judge(cmd *command, before, after Snapshot, alone bool) error {
	claim, err := cmd.claim()
	r.report.Commands = append(r.report.Commands, CommandReport{Name: cmd.name, Args: cmd.String(), Claim: claim, Took: cmd.ended.Sub(cmd.began)})
	if cmd == r.first && r.any(func(f Fired) bool { return f.Event == CLIKilled }) {
		return nil // it says nothing any more
	}
	if cmd.overdue {
		r.violation("%s (%s) did not end within %s", cmd.name, cmd, longestCommand)
		return nil
	}
	if err != nil {
		r.violation("%s (%s): %v", cmd.name, cmd, err)
		return nil
	}
	written, err := r.audited(cmd)
	if err != nil {
		return err
	}
	witness := Witness{Before: before, After: after, Written: written, Marked: map[string]int{}, Alone: alone}
	for _, w := range cmd.proxy.Writes() {
		if w.Mark {
			witness.Marked[w.Object]++
		}
	}
	for _, wrong := range claim.contradictions(witness) {
		r.violation("%s (%s): %s", cmd.name, cmd, wrong)
	}
	return nil
}

// audited are the writes of a command that the API server accepted, by its own log.
func (c *campaign) audited(cmd *command) ([]audit.Entry, error) {
	entries, err := c.audit.Read()
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Writes() {
			c.written[entry.UserAgent] = append(c.written[entry.UserAgent], entry)
		}
	}
	return c.written[cmd.name], nil
}

// judgeFence looks for writes of a run that another one had taken over from.
func (r *round) judgeFence() {
	if r.frozenFor == nil {
		return
	}
	for _, entry := range r.written[r.frozenFor.name] {
		if entry.ObjectRef.Resource == "leases" {
			for _, wrong := range unfenced(r.written[r.first.name], entry.Answered) {
				r.violation("%s: %s", r.first.name, wrong)
			}
			return
		}
	}
}

// judgeEnd looks whether the runs that could, came to an end: finished or undone, the lock given back.
func (r *round) judgeEnd(after Snapshot) {
	if r.any(func(f Fired) bool { return f.Event.ends() || f.Event == HandOnRecord }) {
		return
	}
	for _, record := range after.Records {
		if record.Running() {
			r.violation("no run is on its way, and revision %d is open at step %s", record.Revision, record.Step)
		}
	}
}

// judgePassing holds that a run to which nothing happens, or nothing but that one request is refused or lost, ends as it
// would: a good release is live, a broken one is taken back.
func (r *round) judgePassing() {
	if r.any(func(f Fired) bool { return !f.Event.passing() }) {
		return
	}
	claim := r.report.Commands[0].Claim
	switch {
	case !r.plan.Broken && claim.Code != 0:
		r.violation("at most single requests failed, and that ended a good run: %s", claim.first())
	case r.plan.Broken && claim.Outcome != "reverted":
		r.violation("at most single requests failed, and a broken release was not taken back, but %q: %s", claim.Outcome, claim.first())
	}
}

// judgeLoad holds what users saw against the outages that were made.
func (r *round) judgeLoad() {
	entries := r.load.Since(r.began)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Outages = outages(r.deeds, r.observer.since(r.began))
	failures := explain(entries, r.Hits, r.report.Outages)
	r.report.Requests, r.report.Failed, r.report.Explained = failures.Requests, failures.Failed, failures.Explained
	r.report.Unexplained = len(failures.Unexplained)
	if r.report.Unexplained > 0 {
		r.violation("%d requests failed and nothing explains it, the first: %s", r.report.Unexplained, shown(failures.Unexplained[0]))
		text, _ := json.MarshalIndent(failures.Unexplained, "", " ")
		r.file("unexplained", text)
	}
	for _, wrong := range mixed(entries) {
		r.violation("%s", wrong)
	}
}
