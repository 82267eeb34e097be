package clustertest

import (
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// parse reads an object of a request, and holds it against the request's path.
func parse(at location, body []byte) (*cluster.Object, error) {
	object := &cluster.Object{}
	if err := object.UnmarshalJSON(body); err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	if err := addressed(at, object); err != nil {
		return nil, err
	}
	return object, nil
}

// place gives an object the name and the namespace that it was sent to, which it may leave out.
func (l location) place(object *cluster.Object) {
	object.SetName(l.name)
	object.SetNamespace(l.namespace)
}

// addressed holds an object against the path that it was sent to.
func addressed(at location, object *cluster.Object) error {
	kind := at.kind
	if object.GetKind() != kind.name || object.GetAPIVersion() != kind.apiVersion {
		version := kind.groupVersion().Version
		return apierrors.NewBadRequest(fmt.Sprintf("%s in version %q cannot be handled as a %s: converting (%s.%s) to (core.%s): unknown conversion",
			object.GetKind(), object.GetAPIVersion(), kind.name, version, object.GetKind(), kind.name))
	}
	if namespace := object.GetNamespace(); namespace != "" && namespace != at.namespace {
		return apierrors.NewBadRequest("the namespace of the provided object does not match the namespace sent on the request")
	}
	if name := object.GetName(); at.name != "" && name != "" && name != at.name {
		return apierrors.NewBadRequest(fmt.Sprintf("the name of the object (%s) does not match the name on the URL (%s)", name, at.name))
	}
	return nil
}
