package clustertest

import (
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// immutable are fields that keep their value for an object's life, by its kind.
var immutable = map[string][][]string{
	"Deployment":  {{"spec", "selector"}},
	"StatefulSet": {{"spec", "selector"}, {"spec", "serviceName"}, {"spec", "volumeClaimTemplates"}},
	"Job":         {{"spec", "selector"}, {"spec", "template"}},
	"RoleBinding": {{"roleRef"}},
}

// keeps refuses a change of what cannot be changed, in the words of the real server.
func keeps(live, object *cluster.Object) error {
	if live == nil {
		return nil
	}
	for _, path := range immutable[object.GetKind()] {
		if reflect.DeepEqual(nested(live, path...), nested(object, path...)) {
			continue
		}
		at := field.NewPath(path[0], path[1:]...)
		problem := field.Invalid(at, nested(object, path...), "field is immutable")
		switch object.GetKind() {
		case "StatefulSet":
			problem = field.Forbidden(field.NewPath("spec"), "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden")
		case "RoleBinding":
			problem = field.Invalid(at, nested(object, path...), "cannot change roleRef")
		}
		return apierrors.NewInvalid(object.GroupVersionKind().GroupKind(), object.GetName(), field.ErrorList{problem})
	}
	return nil
}
