package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// ImmutableError is a change that Kubernetes allows in no object of the kind: only a new one could be so.
type ImmutableError struct {
	Object cluster.Ref
	// Fields are those that cannot be changed, such as spec.selector.
	Fields []string
	// Cause is what the API server answered.
	Cause error
}

func (e *ImmutableError) Error() string {
	return fmt.Sprintf("%s is there, and its %s cannot be changed; %s", e.Object, strings.Join(e.Fields, ", "), e.Fix())
}

func (e *ImmutableError) Unwrap() error { return e.Cause }

// KeepsState says whether the object must not be made anew, wherever it is: what it holds would be lost.
func (e *ImmutableError) KeepsState() bool { return e.Object.Kind == "PersistentVolumeClaim" }

// Fix is what to do about it. No deploy deletes what serves or keeps state.
func (e *ImmutableError) Fix() string {
	remove := fmt.Sprintf("kubectl delete %s %s", strings.ToLower(e.Object.Kind), e.Object.Name)
	if e.Object.Namespace != "" {
		remove = strings.Replace(remove, "kubectl", "kubectl -n "+e.Object.Namespace, 1)
	}
	switch e.Object.Kind {
	case "StatefulSet":
		return "undo the change in the manifests, or make it by hand, starting with " + remove + " --cascade=orphan, which leaves pod and volume"
	case "PersistentVolumeClaim":
		return "undo the change in the manifests, or give the new volume a name of its own; to delete this one is to lose what it holds"
	case "ConfigMap", "Secret":
		return "undo the change in the manifests, or give the new one a name of its own"
	}
	return "undo the change in the manifests, give the new one a name of its own, or delete this one by hand when it can be missed for a moment: " + remove
}

// Refused adds to the API server's refusal of an object what the reader can do: to that of one of the administrator's
// objects, which becomes an *access.GrantError, and to that of a change that Kubernetes allows in no object of the kind,
// which becomes an *ImmutableError. Nil stays nil.
func Refused(err error, object *cluster.Object, environment config.Environment) error {
	if fields := cluster.ImmutableFields(err); len(fields) > 0 {
		return &ImmutableError{Object: cluster.RefOf(object), Fields: fields, Cause: err}
	}
	if cluster.IsForbidden(err) && access.IsAdministrators(object) {
		return &access.GrantError{Object: cluster.RefOf(object).String(), Environment: environment.Name}
	}
	return err
}

// precise names the fields that differ where the API server blames the whole of the specification, as it does for
// StatefulSets and volume claims.
func (i inspector) precise(ctx context.Context, found *ImmutableError, object *cluster.Object) error {
	at := slices.Index(found.Fields, "spec")
	if at < 0 {
		return found
	}
	live, err := i.api.Get(ctx, found.Object)
	if err != nil {
		return found // what the API server said is true, if not precise
	}
	have, _ := live.Object["spec"].(map[string]any)
	wanted, _ := object.Object["spec"].(map[string]any)
	var fields []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		// The API server lists those that may be changed, in quotes.
		if !cluster.Includes(have[name], wanted[name]) && !strings.Contains(found.Cause.Error(), "'"+name+"'") {
			fields = append(fields, "spec."+name)
		}
	}
	if len(fields) > 0 {
		found.Fields = slices.Replace(slices.Clone(found.Fields), at, at+1, fields...)
	}
	return found
}
