package chaos

import (
	"encoding/json"
	"fmt"
	"strings"
)

// status is what `status` says of the environment.
type status struct {
	Live *struct {
		Release  string `json:"release"`
		Slot     string `json:"slot"`
		Revision int    `json:"revision"`
	} `json:"live"`
	Running  *struct{} `json:"running"`
	Problems []string  `json:"problems"`
	Next     []string  `json:"next"`
}

// status asks, and holds what it says of the live release against the witness' look.
func (r *round) status() (status, error) {
	cmd, err := r.start(fmt.Sprintf("chaos-%d-%ds", r.Seed, r.plan.Number), pass, "status", "--env", r.Environment, "--format", "json")
	if err != nil {
		return status{}, err
	}
	cmd.wait(r.ctx)
	if cmd.process.ProcessState.ExitCode() != 0 {
		return status{}, fmt.Errorf("status does not answer: %s", Claim{Error: errorOf(cmd.stderr.String())}.first())
	}
	var said status
	if err := json.Unmarshal(cmd.stdout.Bytes(), &said); err != nil {
		return status{}, fmt.Errorf("status says what is no JSON: %w", err)
	}
	now, err := look(r.ctx, r.api, r.Namespace, r.Services)
	if err != nil {
		return said, err
	}
	if live := said.Live; live != nil && (live.Slot != now.live() || live.Release != now.version(live.Slot)) {
		r.violation("status says %s is live in slot %s; the Services select %v, and in the slot is %q", live.Release, live.Slot, now.Selected, now.version(live.Slot))
	}
	return said, nil
}

// wrong is what status says is not as it should be.
func (s status) wrong() []string {
	wrong := s.Problems
	if s.Running != nil {
		wrong = append(wrong, "status shows a run under way")
	}
	if s.Live == nil {
		wrong = append(wrong, "status shows no live release")
	}
	return wrong
}

// command is one of the commands that status recommends and that change something; nil when there is none.
func (s status) command(turn int) []string {
	var commands [][]string
	for _, next := range s.Next {
		args, found := strings.CutPrefix(next, "dagger call ")
		if fields := strings.Fields(args); found && (fields[0] == "deploy" || fields[0] == "rollback") {
			commands = append(commands, fields)
		}
	}
	if len(commands) == 0 {
		return nil
	}
	return commands[turn%len(commands)]
}
