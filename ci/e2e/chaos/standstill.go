package chaos

import (
	"fmt"
	"os"
	"strings"
	"time"
)

var processNames = map[Event]string{
	APIServerStopped: "kube-apiserver", EtcdStopped: "etcd", KubeletStopped: "kubelet", RegistryStopped: "registry", EngineStopped: "engine",
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
