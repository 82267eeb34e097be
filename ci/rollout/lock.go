package rollout

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// lockToken is the annotation of the Lease that names its holder's token; see cluster.Lock.Token.
const lockToken = "team-dashboard.app/lock-token"

// acquire takes the lock. The namespace, where the lock lives, is the one thing that may have to be made before it.
func (r *run) acquire(ctx context.Context) error {
	if err := r.ensureNamespace(ctx); err != nil {
		return err
	}
	// The lock outlives the caller's context, since taking back a cancelled run needs it; only the waiting ends with it.
	detached, cancel := context.WithCancel(context.WithoutCancel(ctx))
	attached := context.AfterFunc(ctx, cancel)
	lock, err := r.Cluster.Lock(detached, r.environment.Namespace, cluster.LockRequest{
		Holder: r.request.Holder, Command: r.request.Command, TTL: r.Options.LockTTL, Wait: r.request.LockWait,
		Progress: func(line string) { r.Progress.Info(ctx, "%s", line) },
	})
	attached()
	if err != nil {
		cancel()
		return err
	}
	r.lock = lock
	return nil
}

// ensureNamespace makes the environment's namespace if there is none.
func (r *run) ensureNamespace(ctx context.Context) error {
	ref := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: r.environment.Namespace}
	if _, err := r.Cluster.Get(ctx, ref); !cluster.IsNotFound(err) {
		return err
	}
	for _, object := range r.plan.platform {
		if cluster.RefOf(object) == ref {
			_, err := r.Cluster.Apply(ctx, object, cluster.ApplyOptions{})
			return err
		}
	}
	return fmt.Errorf("creating %s: the manifests do not contain it; add it to the environment's platform layer", ref)
}

// underLock is the context of all work under the lock: it ends when the lock is lost, or when the caller gives up.
func (r *run) underLock(caller context.Context) (context.Context, func()) {
	work, cancel := context.WithCancelCause(r.lock.Context())
	attached := context.AfterFunc(caller, func() { cancel(context.Cause(caller)) })
	return work, func() {
		attached()
		cancel(nil)
	}
}

// unlock gives the lock back. If that fails it ends by itself after its time to live, so nobody needs to care.
func (r *run) unlock() {
	ctx := context.WithoutCancel(r.lock.Context())
	if err := r.lock.Unlock(ctx); err != nil && !errors.Is(err, cluster.ErrLockLost) {
		r.warn(ctx, "%v", err)
	}
}

func (r *run) warn(ctx context.Context, format string, arguments ...any) {
	warning := fmt.Sprintf(format, arguments...)
	r.Progress.Info(ctx, "warning: %s", warning)
	r.result.Warnings = append(r.result.Warnings, warning)
}

// stamp names this run on every stable Service as the one that may move its traffic. A run that lost its lock finds
// another token there and its patches are refused.
//
// A run that slept through the loss of its lock must not stamp either. It reads the Service first and the Lease then:
// if the Lease is still its own, a later holder can only stamp after this read, and the version that was read no longer
// holds.
func (r *run) stamp(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for service := range r.state.selected {
		group.Go(func() error { return r.stampService(ctx, service) })
	}
	return group.Wait()
}

func (r *run) stampService(ctx context.Context, name string) error {
	ref := r.stableService(name)
	for {
		service, err := r.Cluster.Get(ctx, ref)
		if err != nil {
			return err
		}
		if err := r.stillHeld(ctx); err != nil {
			return err
		}
		_, err = r.Cluster.MergePatch(ctx, ref, map[string]any{"metadata": map[string]any{
			"resourceVersion": service.GetResourceVersion(),
			"annotations":     map[string]any{annotationToken: r.lock.Token()},
		}})
		if !cluster.IsConflict(err) {
			return err
		}
	}
}

// stillHeld asks the API server, and not this machine's clock, whether the lock is still this run's.
func (r *run) stillHeld(ctx context.Context) error {
	lease, err := r.Cluster.Get(ctx, cluster.Ref{APIVersion: "coordination.k8s.io/v1", Kind: "Lease",
		Namespace: r.environment.Namespace, Name: cluster.LockName})
	if err != nil {
		return err
	}
	if lease.GetAnnotations()[lockToken] != r.lock.Token() {
		return fmt.Errorf("changing %s: %w: another run took over", r.environment.Name, cluster.ErrLockLost)
	}
	return nil
}

func (r *run) stableService(name string) cluster.Ref {
	return cluster.Ref{APIVersion: "v1", Kind: "Service", Namespace: r.environment.Namespace, Name: name}
}
