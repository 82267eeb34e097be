// Package backup makes backups of an environment's PostgreSQL and brings them back. pgBackRest does both, in Jobs made from
// what the data layer keeps in the cluster (k8s/data/postgres): this package starts them, reads what they print, and
// moves the server out of the way of a restore.
package backup

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/lock"
	"github.com/codingbutter/team-dashboard/ci/workload"
)

// Database is the PostgreSQL of an environment. All exported fields must be set.
type Database struct {
	Application config.Application
	Environment config.Environment
	Cluster     *cluster.Cluster
	// Manifests renders the data layer, for an environment that does not have it (yet, or any more).
	Manifests func(ctx context.Context) ([]*cluster.Object, error)
	// Output receives what the Jobs print, while they run.
	Output io.Writer
	// Holder is who others are shown as the one who works on the environment.
	Holder string
	// Timeout bounds each Job, and the recovery of the server.
	Timeout time.Duration

	// held is the lock, for those who write; nil for those who only look.
	held *lock.Held
}

// Types are the kinds of backups: everything, what changed since the last full one, what changed since any.
var Types = []string{"full", "diff", "incr"}

// Made is a backup that was just made.
type Made struct {
	Environment string        `json:"environment"`
	Backup      Backup        `json:"backup"`
	Took        time.Duration `json:"took"`
	// Asked is the kind that was asked for, if the backup is of another.
	Asked string `json:"asked,omitempty"`
}

// Backup makes one now.
func (d Database) Backup(ctx context.Context, kind string) (Made, error) {
	if !slices.Contains(Types, kind) {
		return Made{}, fmt.Errorf("--kind %q: unknown; give %s", kind, strings.Join(Types, ", "))
	}
	d = d.outlasting()
	if _, err := Finished(ctx, d.Cluster, d.Environment); err != nil {
		return Made{}, fmt.Errorf("backing up: %w", err)
	}
	server, err := d.server(ctx)
	if err != nil {
		return Made{}, err
	}
	if !ready(server) {
		return Made{}, fmt.Errorf("backing up the database of %s: it does not run; look at dagger call status --env %s", d.Environment.Name, d.Environment.Name)
	}
	made := Made{Environment: d.Environment.Name}
	err = d.locked(ctx, "backup --env "+d.Environment.Name+" --kind "+kind, func(ctx context.Context, d Database) error {
		began := time.Now()
		made.Backup, err = d.make(ctx, kind)
		if made.Took = time.Since(began); made.Backup.Type != kind {
			made.Asked = kind
		}
		return err
	})
	return made, err
}

// lockTTL is how long a restore that was killed keeps others waiting.
const lockTTL = 20 * time.Second

// exclusiveJobs are those that must not run beside another one, nor beside one that a killed run has left behind.
var exclusiveJobs = []string{"postgres-backup", "postgres-restore", "postgres-archive", "postgres-password"}

// locked does something while no deploy and no other restore can. Whoever may not do all of it does none of it.
func (d Database) locked(ctx context.Context, command string, do func(context.Context, Database) error) error {
	if err := access.Check(ctx, d.Cluster, d.Environment); err != nil {
		return err
	}
	held, err := lock.Acquire(ctx, d.Cluster, d.Environment.Namespace, lock.Request{Holder: d.Holder, Command: command, Application: d.Application.Name, TTL: lockTTL,
		Progress: func(line string) { d.say("%s", line) }})
	if err != nil {
		return err
	}
	defer func() { _ = held.Release(context.WithoutCancel(ctx)) }() // else it ends by itself
	if err := workload.EndJobs(held.Context(), d.Cluster, d.Environment.Namespace, exclusiveJobs, workload.Options{}); err != nil {
		return err
	}
	d.held = held
	return do(held.Context(), d)
}

// outlasting is the same database, of a run that goes on when an API server that was away is back.
func (d Database) outlasting() Database {
	d.Cluster = d.Cluster.WithOutageBudget(lock.DefaultOutage)
	return d
}

func (d Database) say(format string, arguments ...any) {
	fmt.Fprintf(d.Output, format+"\n", arguments...)
}
