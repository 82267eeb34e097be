package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/util/wait"
	cri "k8s.io/cri-api/pkg/apis"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"
	remote "k8s.io/cri-client/pkg"
)

const (
	// connectWithin bounds the wait for the runtime, removeWithin all calls of it.
	connectWithin = 20 * time.Second
	removeWithin  = time.Minute
	tryEvery      = 100 * time.Millisecond

	// stopGrace is how many seconds a container has to end by itself.
	stopGrace = 5
)

// runRemovePods removes all pods of a container runtime, with their networks,
// mounts and cgroups, without the kubelet: "hyperkube remove-pods unix:///SOCKET".
// The API server still has them, so a kubelet makes them again.
func runRemovePods() int {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: hyperkube remove-pods unix:///SOCKET")
		return 2
	}
	if err := removePods(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func removePods(endpoint string) error {
	ctx, cancel := context.WithTimeout(context.Background(), removeWithin)
	defer cancel()
	client, err := connect(ctx, endpoint)
	if err != nil {
		return fmt.Errorf("connecting to the container runtime %q: %w", endpoint, err)
	}
	if err := stopContainers(ctx, client); err != nil {
		return err
	}
	pods, err := client.ListPodSandbox(ctx, nil)
	if err != nil {
		return fmt.Errorf("listing pods: %w", err)
	}
	var group errgroup.Group
	for _, pod := range pods {
		group.Go(func() error {
			if err := client.StopPodSandbox(ctx, pod.Id); err != nil {
				return fmt.Errorf("stopping the pod %q: %w", pod.Metadata.Name, err)
			}
			if err := client.RemovePodSandbox(ctx, pod.Id); err != nil {
				return fmt.Errorf("removing the pod %q: %w", pod.Metadata.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// connect tries again for a while: a runtime that has just been started after
// it was killed takes calls before it has read what was running.
func connect(ctx context.Context, endpoint string) (client cri.RuntimeService, err error) {
	var refused error
	err = wait.PollUntilContextTimeout(ctx, tryEvery, connectWithin, true, func(context.Context) (bool, error) {
		client, refused = remote.NewRemoteRuntimeService(endpoint, connectWithin, nil, nil)
		return refused == nil, nil
	})
	if err != nil {
		return nil, cmp.Or(refused, err)
	}
	return client, nil
}

// stopContainers asks them to end; stopping the pods would kill them.
func stopContainers(ctx context.Context, client cri.RuntimeService) error {
	running := &runtime.ContainerFilter{State: &runtime.ContainerStateValue{State: runtime.ContainerState_CONTAINER_RUNNING}}
	containers, err := client.ListContainers(ctx, running)
	if err != nil {
		return fmt.Errorf("listing containers: %w", err)
	}
	var group errgroup.Group
	for _, container := range containers {
		group.Go(func() error {
			if err := client.StopContainer(ctx, container.Id, stopGrace); err != nil {
				return fmt.Errorf("stopping the container %q: %w", container.Metadata.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}
