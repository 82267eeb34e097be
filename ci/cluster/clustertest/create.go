package clustertest

import (
	"errors"
	"fmt"
	"maps"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

func (s *Server) created(c change) (int, any, error) {
	object, err := parse(c.location, c.body)
	if err != nil {
		return 0, nil, err
	}
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(object.GetGenerateName() + suffix(s.version+1))
	}
	if c.verb == "create" {
		c.name = object.GetName()
	}
	c.place(object)
	if err := s.namespaced(c); err != nil {
		return 0, nil, err
	}
	object = prepared(c.kind, nil, object)
	if errs := validate(c.kind, nil, object); len(errs) > 0 {
		return 0, nil, invalid(c.kind, object.GetName(), errs)
	}
	if c.live = s.at(c.location); c.live != nil {
		return 0, nil, apierrors.NewAlreadyExists(c.kind.groupResource(), c.name)
	}
	if object.GetResourceVersion() != "" && c.verb == "create" {
		return 0, nil, errors.New("resourceVersion should not be set on objects to be created")
	}
	if object, err = managed(c, object); err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, s.done(c, unborn(object)), nil
}

// namespaced refuses what has no namespace to be in.
func (s *Server) namespaced(c change) error {
	if !c.kind.is(clusterWide) && s.at(namespaceOf(c.namespace)) == nil {
		return notFound(namespaceOf(c.namespace))
	}
	return nil
}

func namespaceOf(name string) location {
	return locationOf(cluster.Ref{APIVersion: "v1", Kind: "Namespace", Name: name})
}

// unborn is a new object without what is not for the request to say.
func unborn(object *cluster.Object) *cluster.Object {
	object = writable(object)
	maps.DeleteFunc(object.Object["metadata"].(map[string]any), func(key string, _ any) bool {
		return key == "resourceVersion" || key == "uid" || key == "creationTimestamp" || key == "generation"
	})
	return object
}

// suffix makes a number a part of a name, as random letters are.
func suffix(number int) string { return fmt.Sprintf("%05x", number) }
