package chaos

import (
	"context"
	"fmt"
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
