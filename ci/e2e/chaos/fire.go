package chaos

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/e2e/chaos/apiproxy"
)

const (
	// deadWithin is how long code may outlive its command line.
	deadWithin = 20 * time.Second
	// longestFreeze is how long a run stands still at most, while another one comes to its end.
	longestFreeze = 6 * time.Minute
)

// Fired is an event that happened.
type Fired struct {
	Shot
	// At is the write that it happened at.
	At apiproxy.Write `json:"at"`
	// Did says what was done, to which object; Trouble why it could not be done.
	Did     string `json:"did"`
	Trouble string `json:"trouble,omitempty"`
}

var processNames = map[Event]string{
	APIServerStopped: "kube-apiserver", EtcdStopped: "etcd", KubeletStopped: "kubelet", RegistryStopped: "registry", EngineStopped: "engine",
}

var verdicts = map[Event]apiproxy.Verdict{
	Conflict: apiproxy.Conflict, Throttled: apiproxy.Throttle, ServerError: apiproxy.Fail, TimedOut: apiproxy.Hang, AnswerLost: apiproxy.LoseAnswer,
}

// onWrite is the hook of a round's first command: it fires what is due. The write waits until that is done.
func (r *round) onWrite(hungUp context.Context, w apiproxy.Write) apiproxy.Verdict {
	verdict := apiproxy.Pass
	for _, shot := range r.due(w) {
		fired := Fired{Shot: shot, At: w}
		var err error
		var decided apiproxy.Verdict
		if decided, fired.Did, err = r.fire(hungUp, shot); err != nil {
			fired.Trouble = err.Error()
		}
		if decided != apiproxy.Pass {
			verdict = decided
		}
		r.note(fired)
	}
	return verdict
}

// due takes the events that belong to a write: those of its step and number, and those of a step that has ended with
// fewer writes.
func (r *round) due(w apiproxy.Write) []Shot {
	r.mu.Lock()
	defer r.mu.Unlock()
	ended := r.step
	if r.step = Step(w.Step); r.step != ended {
		if _, known := r.seen[ended]; !known && ended != "" {
			r.seen[ended] = r.n
		}
	}
	r.n = w.N
	var due []Shot
	r.left = slices.DeleteFunc(r.left, func(shot Shot) bool {
		n := shot.N
		if seen, known := r.seen[shot.Step]; known {
			n = min(n, seen)
		}
		now := shot.Step == Step(w.Step) && w.N >= n || shot.Step == ended && r.step != ended
		if now {
			due = append(due, shot)
		}
		return now
	})
	return due
}

func (r *round) fire(hungUp context.Context, shot Shot) (apiproxy.Verdict, string, error) {
	if verdict, found := verdicts[shot.Event]; found {
		return verdict, string(shot.Event), nil
	}
	if name, found := processNames[shot.Event]; found {
		did, err := r.stopProcess(name, shot.For)
		return apiproxy.Pass, did, err
	}
	switch shot.Event {
	case CLIKilled:
		return r.killFirst(hungUp, shot)
	case RunFrozen:
		did, err := r.freezeFirst(shot)
		return apiproxy.Pass, did, err
	case SecondRun:
		args := append(r.others(shot.Variant), "--lock-timeout", []string{"0s", "3m"}[shot.Variant%2])
		err := r.startOther(args...)
		return apiproxy.Pass, "started " + strings.Join(args, " "), err
	case PodsLost:
		did, err := r.losePods(shot)
		return apiproxy.Pass, did, err
	}
	did, err := r.layHands(shot)
	return apiproxy.Pass, did, err
}

// killFirst ends the command line, and waits until its code in the engine is gone, too. The write that it was about to
// make arrives nevertheless, or does not.
func (r *round) killFirst(hungUp context.Context, shot Shot) (apiproxy.Verdict, string, error) {
	r.first.kill()
	select {
	case <-hungUp.Done():
	case <-time.After(deadWithin):
		return apiproxy.Cut, "killed the command line", fmt.Errorf("its code still lives after %s", deadWithin)
	}
	if shot.Variant%2 == 0 {
		return apiproxy.Pass, "killed, with its write on the way", nil
	}
	return apiproxy.Cut, "killed before its write", nil
}

// freezeFirst stops the run's code where it stands, lets another run come to its end, and wakes the code. To stop the
// command line alone would not do: the code goes on without it. Stopping its processes is what a laptop's lid does to a
// run; the write that it was about to make arrives after it woke, as one does that was on its way.
func (r *round) freezeFirst(shot Shot) (string, error) {
	pids := connectedTo(r.first.proxy.Address())
	if len(pids) == 0 {
		return "", fmt.Errorf("found no process of %s", r.first.name)
	}
	resume, err := stop(pids, longestFreeze)
	if err != nil {
		return "", err
	}
	defer resume()
	r.putBack(resume)
	args := r.others(shot.Variant)
	if err := r.startOther(args...); err != nil {
		return "", err
	}
	other := r.commands[len(r.commands)-1]
	other.wait(r.ctx)
	r.frozenFor = other
	return fmt.Sprintf("froze %d processes until %s had ended", len(pids), strings.Join(args, " ")), nil
}

// stopProcess lets a part of the lab stand still for a time.
func (r *round) stopProcess(name string, d time.Duration) (string, error) {
	pids, err := session(r.Lab, name)
	if err != nil {
		return "", err
	}
	resume, err := stop(pids, d+5*time.Second)
	if err != nil {
		return "", err
	}
	r.putBack(resume)
	r.pending.Go(func() {
		defer resume()
		r.pause(d)
	})
	return fmt.Sprintf("stopped %s for %s", name, d), nil
}

// losePods evicts a pod of the live slot, or stops all pods that one service has there; in a run that will be undone, it
// takes them from the slot that it goes back to.
func (r *round) losePods(shot Shot) (string, error) {
	service := r.Services[shot.Variant%len(r.Services)]
	if shot.emptiesWayBack(r.plan) {
		return r.hands.scaleAway(r.ctx, r.before.live(), service)
	}
	now, err := look(r.ctx, r.api, r.Namespace, r.Services)
	if err != nil {
		return "", err
	}
	live := now.Selected[service]
	if shot.Variant%2 == 0 {
		return r.hands.evict(r.ctx, live, service)
	}
	return r.stopPods(live, service, shot.For)
}

// stopPods lets every pod of a service stand still.
func (r *round) stopPods(slot, service string, d time.Duration) (string, error) {
	pods, err := r.hands.podsOf(r.ctx, slot, service)
	if err != nil {
		return "", err
	}
	var pids []int
	for _, pod := range pods {
		pids = append(pids, processesOf(string(pod.UID))...)
	}
	if len(pids) == 0 {
		return "", fmt.Errorf("%s has no process in slot %s", service, slot)
	}
	from := time.Now()
	resume, err := stop(pids, d+5*time.Second)
	if err != nil {
		return "", err
	}
	r.putBack(resume)
	r.pending.Go(func() {
		defer func() {
			resume()
			r.did(deed{cause: ByPods, service: service, from: from, to: time.Now(), whole: true})
		}()
		r.pause(d)
	})
	return fmt.Sprintf("stopped %d pods of %s in slot %s for %s", len(pods), service, slot, d), nil
}

// processesOf finds the processes of a pod by their control group.
func processesOf(uid string) []int {
	var pids []int
	for _, pid := range processes() {
		group, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil || !strings.Contains(string(group), uid) && !strings.Contains(string(group), strings.ReplaceAll(uid, "-", "_")) {
			continue
		}
		pids = append(pids, pid)
	}
	return pids
}

func (r *round) layHands(shot Shot) (did string, err error) {
	from := time.Now()
	var service string
	switch shot.Event {
	case HandOnSelector:
		service, did, err = r.hands.moveSelector(r.ctx, shot.Variant)
	case HandOnService:
		service, did, err = r.hands.deleteService(r.ctx, shot.Variant)
	case HandOnRecord:
		now, lookErr := look(r.ctx, r.api, r.Namespace, r.Services)
		if lookErr != nil {
			return "", lookErr
		}
		return r.hands.spoilRecord(r.ctx, now, shot.Variant)
	case HandOnJob:
		// There may be none yet, and none comes while the write is held.
		r.pending.Go(func() { r.remark(r.hands.deleteJob(r.ctx)) })
		return "deleting the pipeline's Jobs, or the next one", nil
	case HandOnPolicy:
		return r.narrow(shot)
	}
	if err == nil {
		r.did(deed{cause: ByHand, service: service, from: from, to: time.Now()})
	}
	return did, err
}

// narrow narrows a policy, and follows until it is as it was again.
func (r *round) narrow(shot Shot) (string, error) {
	from := time.Now()
	name, did, restored, err := r.hands.narrowPolicy(r.ctx, shot.Variant)
	if err != nil {
		return "", err
	}
	edit := &edit{policy: name, restored: restored}
	r.mu.Lock()
	r.edits = append(r.edits, edit)
	r.mu.Unlock()
	r.following.Go(func() {
		for !restored(r.ctx) && r.ctx.Err() == nil {
			r.pause(observeEvery)
		}
		r.did(deed{cause: ByHand, from: from, to: time.Now(), whole: true})
	})
	return did, nil
}
