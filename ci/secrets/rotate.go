package secrets

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/backup"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// RotateOptions says which keys get new values, where from, and for whom.
type RotateOptions struct {
	// Keys are named as in the table or as in an env file: redis-password or REDIS_PASSWORD.
	Keys []string
	// EnvFile holds the new values; it may hold others too.
	EnvFile string
	// Generate makes new values for the named keys that are not in the file.
	Generate bool
	// Holder is shown to those who meet the lock.
	Holder string
	// ReadyBudget is how long the new pods of a service may take; zero means 5 minutes.
	ReadyBudget time.Duration
	// LockWait is how long to wait for a deploy, or for another rotation, to end.
	LockWait time.Duration
}

// Rotation is what became of a rotation. It holds no values.
type Rotation struct {
	Environment string  `json:"environment"`
	Entries     []Entry `json:"entries"`
	// Restarted are the Deployments whose pods were replaced, in order.
	Restarted []string `json:"restarted,omitempty"`
	// Servers are the stores that were given a new password.
	Servers []string `json:"servers,omitempty"`
	// Readers are the stores that read a new value from a file, which the kubelet brings up to date within two minutes.
	Readers []string `json:"readers,omitempty"`
	// Resumed is the command of a rotation that was killed and that this one finished.
	Resumed string `json:"resumed,omitempty"`
}

// rotation is one that is under way.
type rotation struct {
	Store
	held    *lock.Held
	options RotateOptions
	journal journal
	result  Rotation
}

// lockTTL is how long a rotation that was killed keeps others waiting.
const lockTTL = 20 * time.Second

// Rotate gives keys new values and restarts what reads them, one Deployment after the other. At every moment each pod
// has a password that its store takes. It runs under the lock of deploys, and goes on when an API server that was away is
// back. When a step fails, the old values come back; when the rotation is killed, the same command finishes it.
func (s Store) Rotate(ctx context.Context, options RotateOptions) (Rotation, error) {
	s.Cluster = s.Cluster.WithOutageBudget(lock.DefaultOutage)
	r := &rotation{Store: s, options: options, result: Rotation{Environment: s.Environment.Name}}
	// Everything is checked before the lock, and again under it.
	if err := r.plan(ctx); err != nil || r.done() {
		return r.result, err
	}
	err := access.Check(ctx, s.Cluster, s.Environment)
	if err != nil {
		return r.result, err
	}
	if r.held, err = lock.Acquire(ctx, s.Cluster, s.Environment.Namespace, r.lockRequest(ctx)); err != nil {
		return r.result, err
	}
	defer func() { _ = r.held.Release(context.WithoutCancel(ctx)) }() // a lock that is not given back ends by itself
	ctx = r.held.Context()
	if err := r.plan(ctx); err != nil || r.done() {
		return r.result, err
	}
	// A Job that a killed rotation has left behind must not tell a store of passwords of before.
	jobs := []string{serverJobName(config.Redis), serverJobName(config.Postgres)}
	if err := workload.EndJobs(ctx, s.Cluster, s.Environment.Namespace, jobs, workload.Options{}); err != nil {
		return r.result, err
	}
	return r.result, r.execute(ctx)
}

func (r *rotation) lockRequest(ctx context.Context) lock.Request {
	return lock.Request{Holder: r.options.Holder, Command: r.command(), Application: r.Application.Name, TTL: lockTTL, Wait: r.options.LockWait,
		Progress: func(line string) { r.Progress.Info(ctx, "%s", line) }}
}

// done says that all values are as they are wanted.
func (r *rotation) done() bool { return len(r.journal.Changes) == 0 }

// plan decides what is to change: what the caller asks for, or the rest of a rotation that was killed.
func (r *rotation) plan(ctx context.Context) error {
	if _, err := backup.Finished(ctx, r.Cluster, r.Environment); err != nil {
		return fmt.Errorf("rotating secrets: %w", err)
	}
	left, err := r.unfinished(ctx)
	if err != nil {
		return err
	}
	wanted, entries, err := r.wanted(ctx, left)
	if err != nil {
		return err
	}
	r.result.Entries = entries
	switch {
	case left == nil:
		now := time.Now().UTC()
		r.journal = journal{ID: now.Format("20060102T150405.000Z"), Holder: r.options.Holder, Command: r.command(),
			Started: now, Changes: wanted, Step: steps[0].name}
	case !left.concerns(wanted):
		return fmt.Errorf("rotating secrets of %s: an earlier rotation was killed and comes first; finish it with: dagger call %s",
			r.Environment.Name, left.Command)
	default:
		r.journal, r.result.Resumed = *left, left.Command
	}
	if err := r.checkOwners(ctx, r.journal.Changes); err != nil {
		return err
	}
	return r.checkStores(ctx, r.journal.Changes)
}

// command is what finishes this rotation when it was killed: its values are in the journal.
func (r *rotation) command() string {
	return fmt.Sprintf("secrets rotate --env %s --keys %s", r.Environment.Name, strings.Join(r.options.Keys, ","))
}

// String names the keys: redis-password, JWT_SECRET.
func (j journal) String() string {
	var names []string
	for _, c := range j.Changes {
		names = append(names, c.Key)
	}
	return strings.Join(names, ", ")
}
