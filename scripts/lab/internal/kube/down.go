package kube

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/codingbutter/team-dashboard/scripts/lab/internal/part"
)

// stopGrace is how long a process may take to end. The API server would wait
// a minute for open watches; nothing that it holds is lost.
const stopGrace = 3 * time.Second

// Down removes the pods and stops all processes. The cluster's objects,
// images and volumes stay, and so does what the objects say is to run.
func (k *Kube) Down(ctx context.Context) error {
	// Whoever would make pods anew, first.
	if err := k.stop(ctx, kubeletProcess, controllerManagerProcess, schedulerProcess); err != nil {
		return err
	}
	if k.mayHavePods() {
		if err := part.Step(ctx, "removing the pods", k.removePods); err != nil {
			return err
		}
	}
	if err := k.stop(ctx, netpolProcess, volumesProcess, proxyProcess, apiServerProcess, etcdProcess, containerdProcess); err != nil {
		return err
	}
	return errors.Join(
		endShims(),
		k.unmount(),
		k.removeNotes(),
		k.host.RemoveCgroup(ctx, cgroup),
		k.removeTables(ctx),
		k.removeFiles(),
	)
}

// stop stops processes side by side.
func (k *Kube) stop(ctx context.Context, names ...string) error {
	errs := make(chan error, len(names))
	for _, name := range names {
		go func() { errs <- k.host.Stop(ctx, name, stopGrace) }()
	}
	var all []error
	for range names {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// mayHavePods: containerd's state is there as long as it runs, and after it
// was killed. Without the programs (somebody removed the lab's folder) nothing
// knows of pods.
func (k *Kube) mayHavePods() bool {
	_, state := os.Stat(runDir)
	_, program := os.Stat(hyperkube(k.host))
	return state == nil && program == nil
}

// removePods removes them as the kubelet would. containerd is started for
// it in case that it was killed.
func (k *Kube) removePods(ctx context.Context) error {
	n := &node{host: k.host}
	if err := n.start(ctx, []process{n.containerd()}); err != nil {
		return err
	}
	return k.host.Run(ctx, hyperkube(k.host), "remove-pods", "unix://"+socket)
}
