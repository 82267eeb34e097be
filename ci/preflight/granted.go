package preflight

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// access marks what only an administrator changes: the namespace with its Pod Security level, and the rights in it.
const access = "access"

// Reader reads single objects; *cluster.Cluster is the real one.
type Reader interface {
	Get(ctx context.Context, ref cluster.Ref) (*cluster.Object, error)
}

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
func (e *GrantError) Fix() string {
	return fmt.Sprintf("kubectl apply -k k8s/environments/%s/platform -l %s=%s", e.Environment, render.ComponentLabel, access)
}

// Granted says whether an object is one of the administrator's and is there as rendered. A deploy leaves it alone then,
// so that who deploys needs no right to change it; otherwise it has to be applied like any other.
func Granted(ctx context.Context, api Reader, object *cluster.Object) (bool, error) {
	if object.GetLabels()[render.ComponentLabel] != access {
		return false, nil
	}
	live, err := api.Get(ctx, cluster.RefOf(object))
	if cluster.IsNotFound(err) || cluster.IsForbidden(err) {
		return false, nil // to apply it says what is wrong
	}
	if err != nil {
		return false, err
	}
	return includes(live.Object, object.Object), nil
}

// Refused adds to the API server's refusal of an object what the reader can do: to that of one of the administrator's
// objects, which becomes a GrantError, and to that of a change which Kubernetes allows in no StatefulSet.
func Refused(err error, object *cluster.Object, environment config.Environment) error {
	if cluster.IsInvalid(err) && object.GetKind() == "StatefulSet" && strings.Contains(err.Error(), "updates to statefulset spec") {
		return fmt.Errorf("%w; only a new StatefulSet could have that, and no deploy deletes one: undo the change in k8s/data, or make it by hand, starting with kubectl -n %s delete statefulset %s --cascade=orphan, which leaves pod and volume",
			err, object.GetNamespace(), object.GetName())
	}
	if !cluster.IsForbidden(err) || object.GetLabels()[render.ComponentLabel] != access {
		return err
	}
	return &GrantError{Object: cluster.RefOf(object).String(), Environment: environment.Name}
}

// includes says whether everything that is wanted is so; maps may hold more, lists may not.
func includes(live, wanted any) bool {
	switch wanted := wanted.(type) {
	case map[string]any:
		have, ok := live.(map[string]any)
		for key := range maps.Keys(wanted) {
			ok = ok && includes(have[key], wanted[key])
		}
		return ok
	case []any:
		have, ok := live.([]any)
		ok = ok && len(have) == len(wanted)
		for i := 0; ok && i < len(wanted); i++ {
			ok = includes(have[i], wanted[i])
		}
		return ok
	}
	return live == wanted
}
