package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Lock is the right to change the objects of a namespace. It is renewed until Unlock, or until it is lost.
type Lock struct {
	cluster   *Cluster
	namespace string
	token     string
	ttl       time.Duration
	renewed   time.Time // when the last successful renewal was sent
	ctx       context.Context
	cancel    context.CancelCauseFunc
	stopped   chan struct{} // closed when the renewals have ended
}

// hold starts the renewals of a lock that was acquired with a request sent at the given time.
func (c *Cluster) hold(ctx context.Context, namespace, token string, ttl time.Duration, sent time.Time) *Lock {
	held, cancel := context.WithCancelCause(ctx)
	lock := &Lock{cluster: c, namespace: namespace, token: token, ttl: ttl, renewed: sent,
		ctx: held, cancel: cancel, stopped: make(chan struct{})}
	go lock.keep()
	return lock
}

// Token is a random text that no other holder of the lock has had. The Lease carries it in the annotation
// team-dashboard.app/lock-token while the lock is held.
func (l *Lock) Token() string { return l.token }

// Context is cancelled when the lock is lost, with ErrLockLost as its cause, before anybody else can acquire it. All
// writes under the lock belong under this context. A machine that sleeps notices only after it has woken up: writes
// that must not come late carry a precondition besides.
func (l *Lock) Context() context.Context { return l.ctx }

// Unlock gives the lock back if it is still held; otherwise the error is ErrLockLost.
func (l *Lock) Unlock(ctx context.Context) error {
	lost := context.Cause(l.ctx)
	l.cancel(context.Canceled)
	<-l.stopped
	if errors.Is(lost, ErrLockLost) {
		return lost
	}
	_, err := l.cluster.Patch(ctx, lockRef(l.namespace), []Operation{
		{Op: "test", Path: tokenPath, Value: l.token},
		{Op: "remove", Path: holderPath},
		{Op: "remove", Path: tokenPath},
		{Op: "remove", Path: commandPath},
	})
	if err != nil {
		return fmt.Errorf("giving back the lock of namespace %q, which otherwise ends by itself in %s: %w", l.namespace, l.ttl, l.lostOr(err))
	}
	return nil
}

// keep renews the lock four times within its life and gives it up after three quarters of it: the last quarter is for
// writes that are still on their way.
func (l *Lock) keep() {
	defer close(l.stopped)
	interval := l.ttl / 4
	pause := interval - time.Since(l.renewed)
	for sleep(l.ctx, pause) {
		sent := time.Now()
		err := l.renew(min(interval, l.remaining()))
		switch {
		case err == nil:
			l.renewed, pause = sent, interval
		case errors.Is(l.lostOr(err), ErrLockLost):
			l.cancel(l.lostOr(err))
		case l.remaining() <= 0:
			l.cancel(fmt.Errorf("%w: it could not be renewed for %s: %v", ErrLockLost, l.ttl*3/4, err))
		default:
			pause = min(l.cluster.timing.poll, l.remaining())
		}
	}
}

// remaining is the time until the lock must be given up.
func (l *Lock) remaining() time.Duration {
	return l.ttl*3/4 - time.Since(l.renewed)
}

// renew proves that the Lease still carries the token and sets its time in one step.
func (l *Lock) renew(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(l.ctx, limit)
	defer cancel()
	_, err := l.cluster.Patch(ctx, lockRef(l.namespace), []Operation{
		{Op: "test", Path: tokenPath, Value: l.token},
		{Op: "replace", Path: renewPath, Value: metav1.NowMicro()},
	})
	return err
}

// lostOr names the errors that mean that the Lease is somebody else's now, or gone. Their own kind is hidden: the lost
// lock becomes the cause of other calls, where a NotFound of the Lease must not pass for one of their object.
func (l *Lock) lostOr(err error) error {
	if errors.Is(err, ErrPreconditionFailed) || IsNotFound(err) {
		return fmt.Errorf("%w: another run took over Lease %q in namespace %q: %v", ErrLockLost, LockName, l.namespace, err)
	}
	return err
}
