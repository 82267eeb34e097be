package backup

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// Request says what to restore, and where to.
type Request struct {
	Target Target
	// Into names the database beside the live one; empty with Force.
	Into string
	// Force overwrites the live database.
	Force bool
}

// Restored is a database that was brought back.
type Restored struct {
	Environment string `json:"environment"`
	// Database is the name of the StatefulSet and of its Service.
	Database string `json:"database"`
	Target   string `json:"target"`
	// Backup is the label of the one that the restore began with.
	Backup string `json:"backup"`
	// LastTransaction is when the last transaction that was brought back was committed; zero when none came after the backup.
	LastTransaction time.Time `json:"lastTransaction,omitzero"`
	// Took is the time from the beginning until the database took connections.
	Took time.Duration `json:"took"`
	// Live says that the services use it.
	Live bool `json:"live"`
	// Look and Remove are commands for a database beside the live one.
	Look   string `json:"look,omitempty"`
	Remove string `json:"remove,omitempty"`
}

// command is what is typed for it, without `dagger call`.
func (r Request) command(environment string) string {
	command := "restore --env " + environment + " --latest"
	if !r.Target.Latest {
		command = "restore --env " + environment + " --to-time " + r.Target.String()
	}
	if r.Into != "" {
		command += " --into " + r.Into
	}
	if r.Force {
		command += " --force"
	}
	return command
}

// Restore brings a database back: beside the live one, over it with Force, or in its place where there is none. The same
// call again finishes what a kill interrupted.
func (d Database) Restore(ctx context.Context, request Request) (Restored, error) {
	if request.Into != "" && request.Force {
		return Restored{}, fmt.Errorf("--into and --force: give one of the two; --into restores beside the live database, --force over it")
	}
	d = d.outlasting()
	place, err := d.destination(ctx, request)
	if err != nil {
		return Restored{}, err
	}
	result := Restored{}
	err = d.locked(ctx, place.command, func(ctx context.Context, d Database) error {
		began := time.Now()
		// Another run may have been faster.
		place, err := d.destination(ctx, request)
		if err != nil {
			return err
		}
		result = d.restored(place, request)
		labels, err := d.choose(ctx, request.Target)
		if err != nil {
			return err
		}
		if result.Backup, err = d.fill(ctx, place, request.Target, labels); err != nil {
			return err
		}
		if result.LastTransaction, err = d.bringUp(ctx, place); err != nil {
			return err
		}
		if place.live {
			// The backup has the password of its time; the services have today's.
			if _, _, err := d.ask(ctx, "password", "setting the password of the database", "password"); err != nil {
				return err
			}
		}
		if err := d.mark(ctx, place, nil, nil); err != nil {
			return err
		}
		result.Took = time.Since(began)
		return nil
	})
	return result, err
}

// restored is what is known before a restore begins.
func (d Database) restored(p destination, request Request) Restored {
	result := Restored{Environment: d.Environment.Name, Database: p.name, Target: request.Target.String(), Live: p.live}
	if !p.live {
		result.Look, result.Remove = d.looking(p.name), d.removal(p.name)
	}
	return result
}

// choose finds the backups that may serve. A database that runs first archives what it has, so that all up to now is there.
func (d Database) choose(ctx context.Context, target Target) ([]string, error) {
	server, err := d.server(ctx)
	if err != nil {
		return nil, err
	}
	if server == nil {
		// Where nothing is, the Jobs need their configuration.
		if err := d.prepare(ctx); err != nil {
			return nil, err
		}
	}
	list, err := d.list(ctx)
	if err != nil {
		return nil, err
	}
	if err := list.within(target); err != nil {
		return nil, fmt.Errorf("restoring the database of %s: %w; nothing was changed", d.Environment.Name, err)
	}
	if ready(server) {
		if _, _, err := d.ask(ctx, "archive", "archiving what the database has written", "archive"); err != nil {
			return nil, err
		}
	}
	return list.serving(target), nil
}

var restoredSet = regexp.MustCompile(`restore backup set (\S+?),`)

// fill brings the files of a backup onto the volume.
func (d Database) fill(ctx context.Context, p destination, target Target, labels []string) (string, error) {
	if err := d.makeRoom(ctx, p); err != nil {
		return "", err
	}
	archive := "off"
	if p.live {
		archive = "preserve"
	}
	job, err := d.job(ctx, "restore", "restore.sh", append([]string{target.postgres(), archive}, labels...)...)
	if err != nil {
		return "", err
	}
	server, err := d.server(ctx)
	if err != nil {
		return "", err
	}
	writable(job)
	place(job, map[string]any{"persistentVolumeClaim": map[string]any{"claimName": p.claim()}}, ready(server))
	text, err := d.run(ctx, job, "restoring the database")
	if err != nil {
		return "", fmt.Errorf("%w; run the same command again", err)
	}
	if used := restoredSet.FindStringSubmatch(text); used != nil {
		return used[1], nil
	}
	return labels[0], nil
}

// makeRoom stops the live server, or makes the volume of a new one, and marks the volume.
func (d Database) makeRoom(ctx context.Context, p destination) error {
	began := time.Now().UTC().Format(time.RFC3339)
	if !p.claimExists {
		if err := d.makeClaim(ctx, p, began); err != nil {
			return err
		}
	} else if err := d.mark(ctx, p, p.command, began); err != nil {
		return err
	}
	if !p.serverExists {
		return nil
	}
	if _, err := d.held.Scale(ctx, d.ref("StatefulSet", p.name), 0); err != nil {
		return err
	}
	return d.poll(ctx, "waiting for the server to stop", func(ctx context.Context) (bool, error) {
		_, err := d.Cluster.Get(ctx, d.ref("Pod", p.pod()))
		if cluster.IsNotFound(err) {
			return true, nil
		}
		return false, err
	})
}

// mark says on the volume what is being restored into it, and since when; nil takes that away.
func (d Database) mark(ctx context.Context, p destination, command, began any) error {
	marks := map[string]any{RestoreMark: command, RestoreBegan: began}
	_, err := d.held.Patch(ctx, d.ref("PersistentVolumeClaim", p.claim()), map[string]any{"metadata": map[string]any{"annotations": marks}})
	return err
}

// poll looks once a second until it is so. The time in which the API server does not answer does not count.
func (d Database) poll(ctx context.Context, doing string, look func(context.Context) (bool, error)) error {
	d.say("%s", doing)
	for left := d.Timeout; ; left -= time.Second {
		done, err := look(ctx)
		if done || err != nil {
			return err
		}
		if left <= 0 {
			return fmt.Errorf("%s: out of time after %s; run the same command again, with a longer --timeout", doing, d.Timeout)
		}
		if !cluster.Sleep(ctx, time.Second) {
			return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
		}
	}
}
