package clustertest

import (
	"fmt"
	"reflect"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// updated is a PUT, or what a patch other than an apply makes of the object.
func (s *Server) updated(c change, wanted *cluster.Object) (any, error) {
	if c.kind.is(versioned) && wanted.GetResourceVersion() == "" {
		return nil, unversioned(c.location)
	}
	if version := wanted.GetResourceVersion(); version != "" && version != c.live.GetResourceVersion() {
		return nil, conflict(c.location)
	}
	if uid := wanted.GetUID(); c.verb == "update" && uid != "" && uid != c.live.GetUID() {
		return nil, apierrors.NewConflict(c.kind.groupResource(), c.name, fmt.Errorf("StorageError: invalid object, Code: 4, Key: /registry/%s/%s/%s, ResourceVersion: 0, "+
			"AdditionalErrorMsg: Precondition failed: UID in precondition: %s, UID in object meta: %s", c.kind.plural, c.namespace, c.name, uid, c.live.GetUID()))
	}
	c.place(wanted)
	object, err := managed(c, prepared(c.kind, c.live.Object, wanted))
	if err != nil {
		return nil, err
	}
	return s.checked(c, object)
}

// checked validates and stores a change of what is there.
func (s *Server) checked(c change, object *cluster.Object) (any, error) {
	if errs := wronged(c.kind, c.live.Object, object); len(errs) > 0 {
		return nil, invalid(c.kind, c.name, errs)
	}
	object = writable(object)
	s.carry(c.location, c.live, object)
	if c.kind.name == "Deployment" && !specified(c.live.Object, object) && !reflect.DeepEqual(c.live.GetAnnotations(), object.GetAnnotations()) {
		object.SetGeneration(c.live.GetGeneration() + 1) // of a Deployment, annotations count too
	}
	return s.done(c, object), nil
}

// carry gives an object what nobody can change in it.
func (s *Server) carry(l location, live *stored, object *cluster.Object) {
	object.SetUID(live.GetUID())
	object.SetCreationTimestamp(live.GetCreationTimestamp())
	if live.GetDeletionTimestamp() != nil {
		object.SetDeletionTimestamp(live.GetDeletionTimestamp())
		object.SetDeletionGracePeriodSeconds(live.GetDeletionGracePeriodSeconds())
	}
	if l.kind.is(generated) {
		object.SetGeneration(live.GetGeneration())
	}
}

// unversioned refuses an update of a kind that takes only those who know what is there.
func unversioned(at location) error {
	kind := at.kind.groupKind()
	kind.Kind = at.kind.plural
	return apierrors.NewInvalid(kind, at.name, field.ErrorList{field.Invalid(field.NewPath("metadata", "resourceVersion"), 0, "must be specified for an update")})
}
