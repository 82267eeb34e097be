package chaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
)

const (
	// settlesWithin is how long an environment may take to be as it should be after the last command: pods start, others
	// end, a node comes back.
	settlesWithin = 90 * time.Second
	// mostRecommended is how many commands that status recommends are followed.
	mostRecommended = 2
	// apiWithin is how long the API server may take to answer again after it was woken.
	apiWithin = 2 * time.Minute
)

// round is one on its way.
type round struct {
	*campaign
	ctx    context.Context
	plan   Round
	report RoundReport
	hands  hands
	began  time.Time
	before Snapshot

	first *command
	// frozenFor is the run that the first one was frozen for.
	frozenFor *command

	mu sync.Mutex
	// step and n are those of the first command's last write.
	step     Step
	n        int
	left     []Shot
	commands []*command
	deeds    []deed
	edits    []*edit
	// pending are events that go on beside the command, following what lasts until the round ends.
	pending, following sync.WaitGroup
}

// round lets one round happen and judges it.
func (c *campaign) round(ctx context.Context, plan Round) RoundReport {
	ctx, end := context.WithCancel(ctx)
	r := &round{campaign: c, ctx: ctx, plan: plan, left: slices.Clone(plan.Shots), began: time.Now(),
		hands: hands{c.api, c.Namespace, c.Services}, report: RoundReport{Round: plan}}
	if err := r.play(); err != nil {
		r.report.Trouble = append(r.report.Trouble, err.Error())
	}
	end()
	r.following.Wait()
	r.putEverythingBack()
	r.judgeLoad()
	r.report.Took = time.Since(r.began)
	for _, shot := range r.left {
		r.report.NotFired = append(r.report.NotFired, shot.Cell)
	}
	return r.report
}

func (r *round) play() (err error) {
	if r.before, err = look(r.ctx, r.api, r.Namespace, r.Services); err != nil {
		return err
	}
	release := r.another(r.before)
	if r.plan.Broken {
		release = r.Broken
	}
	deploy := r.deploy(release)
	if r.first, err = r.run("a", r.onWrite, deploy...); err != nil {
		return err
	}
	r.first.wait(r.ctx)
	if len(r.first.proxy.Writes()) == 0 {
		claim, _ := r.first.claim()
		return fmt.Errorf("%s was refused before its first write: %s", r.first.name, claim.first())
	}
	r.pending.Wait()
	for _, other := range r.commands {
		other.wait(r.ctx)
	}
	if err := r.awaitAPI(); err != nil {
		return err
	}
	if err := r.judgeRuns(); err != nil {
		return err
	}
	over := time.Now()
	if _, err := r.status(); err != nil { // whatever was left, it tells
		r.violation("%v", err)
	}
	last, err := r.follow(deploy, release)
	if err != nil {
		return err
	}
	return r.converge(over, last)
}

// deploy are the arguments of a deploy.
func (r *round) deploy(release Release) []string {
	return []string{"deploy", "--env", r.Environment, "--release-file", release.File, "--watch", r.Watch, "--ready-timeout", "2m"}
}

// another is the next release that is neither live nor one of those that are named.
func (r *round) another(now Snapshot, but ...Release) Release {
	for range r.Releases {
		r.turn++
		next := r.Releases[r.turn%len(r.Releases)]
		if next.Version != now.version(now.live()) && !slices.Contains(but, next) {
			return next
		}
	}
	return r.Releases[0]
}

// others are the arguments of a run with another aim than the first one's.
func (r *round) others(variant int) []string {
	switch variant % 3 {
	case 1:
		return []string{"rollback", "--env", r.Environment}
	case 2:
		return []string{"rollback", "--env", r.Environment, "--force"}
	}
	return r.deploy(r.another(r.before))
}

func (r *round) startOther(args ...string) error {
	other, err := r.run("b", pass, args...)
	if err == nil {
		r.mu.Lock()
		r.commands = append(r.commands, other)
		r.mu.Unlock()
	}
	return err
}

func pass(context.Context, apiproxy.Write) apiproxy.Verdict { return apiproxy.Pass }

// run starts a command in the format of the round.
func (r *round) run(mark string, hook apiproxy.Hook, args ...string) (*command, error) {
	format := "json"
	if r.plan.Text {
		format = "text"
	}
	name := fmt.Sprintf("chaos-%d-%d%s", r.Seed, r.plan.Number, mark)
	return r.start(name, hook, append(args, "--format", format)...)
}

// follow types the command that follows.
func (r *round) follow(same []string, first Release) (Snapshot, error) {
	before, err := look(r.ctx, r.api, r.Namespace, r.Services)
	if err != nil {
		return Snapshot{}, err
	}
	args := map[Then][]string{
		SameCommand: same, AnotherRelease: r.deploy(r.another(before, first)),
		Rollback:       {"rollback", "--env", r.Environment, "--ready-timeout", "2m"},
		ForcedRollback: {"rollback", "--env", r.Environment, "--ready-timeout", "2m", "--force"},
	}[r.plan.Then]
	return r.runToEnd("c", before, args...)
}

// runToEnd types a command to which nothing happens, and judges it.
func (r *round) runToEnd(mark string, before Snapshot, args ...string) (Snapshot, error) {
	cmd, err := r.run(mark, pass, args...)
	if err != nil {
		return Snapshot{}, err
	}
	cmd.wait(r.ctx)
	after, err := look(r.ctx, r.api, r.Namespace, r.Services)
	if err != nil {
		return Snapshot{}, err
	}
	return after, r.judge(cmd, before, after, true)
}

// converge waits until the environment is as it should be, and follows what status recommends where it is not.
func (r *round) converge(over time.Time, now Snapshot) error {
	for commands := 0; ; commands++ {
		wrong := r.settle()
		status, err := r.status()
		if err != nil {
			r.violation("%v", err)
		} else if len(wrong) == 0 {
			wrong = append(wrong, status.wrong()...)
		}
		if len(wrong) == 0 {
			r.report.Converged, r.report.ConvergedIn, r.report.Recommended = true, time.Since(over), commands
			return r.repaired(now)
		}
		r.report.Unsettled = append(r.report.Unsettled, strings.Join(wrong, "; "))
		next := status.command(r.plan.Number)
		if commands == mostRecommended || next == nil {
			return nil
		}
		if now, err = r.runToEnd(fmt.Sprintf("d%d", commands+1), now, next...); err != nil {
			return err
		}
	}
}

// settle waits until nothing is wrong by the witness' own look; what is left after the time is returned.
func (r *round) settle() []string {
	deadline := time.Now().Add(settlesWithin)
	for {
		now, err := look(r.ctx, r.api, r.Namespace, r.Services)
		wrong := now.unsettled(r.Services)
		if err != nil {
			wrong = []string{err.Error()}
		}
		if len(wrong) == 0 || time.Now().After(deadline) || r.ctx.Err() != nil {
			return wrong
		}
		r.pause(time.Second)
	}
}

// repaired holds that a hand's edit of a policy is taken back by the next deploy that has something to do.
func (r *round) repaired(now Snapshot) error {
	for _, edit := range r.edits {
		if edit.restored(r.ctx) {
			continue
		}
		if _, err := r.runToEnd("e", now, r.deploy(r.another(now))...); err != nil {
			return err
		}
		r.report.Recommended++
		if !edit.restored(r.ctx) {
			r.violation("NetworkPolicy %s is as a hand left it, after a deploy", edit.policy)
			r.report.Converged = false
		}
	}
	return nil
}
