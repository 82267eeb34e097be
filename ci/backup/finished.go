package backup

import (
	"context"
	"fmt"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// Annotations of the volume that a database is being restored into, from before the first byte until it runs again.
const (
	// RestoreMark is the command that does it, without `dagger call`; the same one again finishes it.
	RestoreMark = "team-dashboard.app/restore"
	// RestoreBegan is when it was last begun, as in RFC 3339.
	RestoreBegan = "team-dashboard.app/restore-began"
)

// UnfinishedRestoreError is a restore over the database that has not ended: its volume may hold half of it.
type UnfinishedRestoreError struct {
	Environment string
	// Command and Began are the values of the marks.
	Command, Began string
}

func (e *UnfinishedRestoreError) Error() string {
	return fmt.Sprintf("the database of %s is being restored since %s, or that was interrupted; %s", e.Environment, e.Began, e.Fix())
}

// Fix is how it comes to an end.
func (e *UnfinishedRestoreError) Fix() string {
	latest := "restore --env " + e.Environment + " --latest --force"
	fix := "wait for it, or finish it: dagger call " + e.Command
	if !strings.HasPrefix(latest, e.Command) {
		fix += ", or give it up and go to the end of what was archived: dagger call " + latest
	}
	return fix
}

// Reader reads single objects; *cluster.Cluster is the real one.
type Reader interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
}

// Finished is the check that no restore over the database is unfinished; the error is else an *UnfinishedRestoreError.
func Finished(ctx context.Context, api Reader, environment config.Environment) (string, error) {
	const detail = "no restore of the database is unfinished"
	claim, err := api.Get(ctx, cluster.Ref{APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: environment.Namespace, Name: destination{name: statefulSet}.claim()})
	if cluster.IsNotFound(err) {
		return detail, nil
	}
	if err != nil {
		return "", err
	}
	marks := claim.GetAnnotations()
	if marks[RestoreMark] == "" {
		return detail, nil
	}
	return "", &UnfinishedRestoreError{Environment: environment.Name, Command: marks[RestoreMark], Began: marks[RestoreBegan]}
}
