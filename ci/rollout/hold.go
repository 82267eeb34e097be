package rollout

import (
	"context"
	"errors"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/lock"
)

// acquire takes the lock. The namespace, where the lock lives, is the one thing that may have to be made before it. From then
// on the run reads as patiently as it writes: it does not end because the API server is away.
func (r *run) acquire(ctx context.Context) error {
	if err := r.ensureNamespace(ctx); err != nil {
		return err
	}
	// The lock outlives the caller's context, since taking back a cancelled run needs it; only the waiting ends with it.
	detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
	attached := context.AfterFunc(ctx, cancel)
	held, err := lock.Acquire(detached, r.Cluster, r.environment.Namespace, lock.Request{
		Holder: r.request.Holder, Command: r.request.Command, TTL: r.Options.LockTTL, Wait: r.request.LockWait,
		Application: r.Application.Name,
		Progress:    func(line string) { r.Progress.Info(ctx, "%s", line) },
	})
	attached()
	if err != nil {
		cancel()
		return err
	}
	r.held = held
	patient := *r.Deployer
	patient.Cluster = held.Cluster()
	r.Deployer = &patient
	return nil
}

// ensureNamespace makes the environment's namespace if there is none.
func (r *run) ensureNamespace(ctx context.Context) error {
	ref := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: r.environment.Namespace}
	if _, err := r.Cluster.Get(ctx, ref); !cluster.IsNotFound(err) {
		return err
	}
	namespace := find(r.plan.layers.Platform, ref)
	if namespace == nil {
		return fmt.Errorf("creating %s: the manifests do not contain it; add it to the environment's platform layer", ref)
	}
	_, err := r.Cluster.Apply(ctx, namespace, cluster.ApplyOptions{})
	return err
}

// underLock is the context of all work under the lock: it ends when the lock is lost, or when the caller gives up.
func (r *run) underLock(caller context.Context) (context.Context, func()) {
	work, cancel := context.WithCancelCause(r.held.Context())
	attached := context.AfterFunc(caller, func() { cancel(context.Cause(caller)) })
	return work, func() {
		attached()
		cancel(nil)
	}
}

// release gives the lock back. If that fails it ends by itself after its time to live, so nobody needs to care.
func (r *run) release() {
	ctx := context.WithoutCancel(r.held.Context())
	if err := r.held.Release(ctx); err != nil && !errors.Is(err, lock.ErrLost) {
		r.warn(ctx, "%v", err)
	}
}
