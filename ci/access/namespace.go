package access

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// OwnershipError is a namespace that exists and does not belong to the application.
type OwnershipError struct {
	Namespace string
	// Owner is the value of the namespace's label; empty when it has none.
	Owner string
	// Wanted is the value that it must have.
	Wanted string
}

func (e *OwnershipError) Error() string {
	owner := "nobody is named as its owner"
	if e.Owner != "" {
		owner = fmt.Sprintf("it belongs to %q", e.Owner)
	}
	return fmt.Sprintf("namespace %q is owned by something else: %s, not %q; use another cluster, or if it is yours: %s",
		e.Namespace, owner, e.Wanted, e.Fix())
}

// Fix is the command that hands the namespace over.
func (e *OwnershipError) Fix() string {
	return fmt.Sprintf("kubectl label namespace %s --overwrite %s=%s", e.Namespace, render.PartOfLabel, e.Wanted)
}

// Reader reads single objects; *cluster.Cluster does.
type Reader interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
}

// Ownership says whether the namespace exists, and refuses one that is not the application's own. The error is a
// *GrantError when the user may not even look, since then nobody can tell it from one that does not exist.
func Ownership(ctx context.Context, api Reader, environment config.Environment, application string) (exists bool, err error) {
	ref := cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: environment.Namespace}
	found, err := api.Get(ctx, ref)
	switch {
	case cluster.IsNotFound(err):
		return false, nil
	case cluster.IsForbidden(err):
		return false, &GrantError{Object: ref.String(), Environment: environment.Name}
	case err != nil:
		return false, err
	}
	if owner := found.GetLabels()[render.PartOfLabel]; owner != application {
		return true, &OwnershipError{Namespace: ref.Name, Owner: owner, Wanted: application}
	}
	if found.GetDeletionTimestamp() != nil {
		return true, fmt.Errorf("namespace %q is being deleted; wait until it is gone, then run the same command again", ref.Name)
	}
	return true, nil
}
