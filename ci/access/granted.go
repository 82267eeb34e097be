package access

import (
	"context"
	"fmt"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// administrators marks what only an administrator changes: the namespace with its Pod Security level, and the rights in it.
const administrators = "access"

// GrantError is an object of the administrator's that is missing or differs from the manifests, found by a user who may
// not change it.
type GrantError struct {
	// Object names it.
	Object      string
	Environment string
}

func (e *GrantError) Error() string {
	return fmt.Sprintf("%s is missing, differs from the manifests, or is hidden from the kubeconfig's user; an administrator has to run: %s", e.Object, e.Fix())
}

// Fix is what the administrator has to run.
func (e *GrantError) Fix() string { return grantCommand(e.Environment) }

func grantCommand(environment string) string {
	return fmt.Sprintf("kubectl apply -k k8s/environments/%s/platform -l %s=%s", environment, render.ComponentLabel, administrators)
}

// IsAdministrators says whether an object is one of those that only an administrator changes.
func IsAdministrators(object *cluster.Object) bool {
	return object.GetLabels()[render.ComponentLabel] == administrators
}

// Granted says whether an object is one of the administrator's and is there as rendered. A deploy leaves it alone then,
// so that who deploys needs no right to change it; otherwise it has to be applied like any other.
func Granted(ctx context.Context, api *cluster.Cluster, object *cluster.Object) (bool, error) {
	if !IsAdministrators(object) {
		return false, nil
	}
	live, err := api.Get(ctx, cluster.RefOf(object))
	if cluster.IsNotFound(err) || cluster.IsForbidden(err) {
		return false, nil // to apply it says what is wrong
	}
	if err != nil {
		return false, err
	}
	return cluster.Includes(live.Object, object.Object), nil
}
