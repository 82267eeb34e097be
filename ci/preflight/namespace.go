package preflight

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
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

// Ownership says whether the namespace exists, and refuses one that is not the application's own.
func Ownership(ctx context.Context, api interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
}, namespace, application string) (exists bool, err error) {
	found, err := api.Get(ctx, cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: namespace})
	if cluster.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if owner := found.GetLabels()[render.PartOfLabel]; owner != application {
		return true, &OwnershipError{Namespace: namespace, Owner: owner, Wanted: application}
	}
	if found.GetDeletionTimestamp() != nil {
		return true, fmt.Errorf("namespace %q is being deleted; wait until it is gone, then run the same command again", namespace)
	}
	return true, nil
}

func (i inspector) namespace(ctx context.Context) Check {
	exists, err := Ownership(ctx, i.api, i.Environment.Namespace, i.Application)
	switch {
	case err != nil:
		return failed("", "%v", err)
	case !exists:
		return passed("%s does not exist yet and will be created", i.Environment.Namespace)
	}
	return passed("%s belongs to %s", i.Environment.Namespace, i.Application)
}
