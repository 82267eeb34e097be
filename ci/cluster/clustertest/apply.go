package clustertest

import (
	"encoding/base64"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// applied is server-side apply. It makes what is not there, whatever version it names.
func (s *Server) applied(c change) (int, any, error) {
	wanted, err := wantedBy(c)
	if err != nil {
		return 0, nil, err
	}
	object, err := merged(c, s.creations, wanted)
	if err != nil {
		return 0, nil, err
	}
	if err := decoded(c.kind, object); err != nil {
		return 0, nil, fmt.Errorf("failed to convert new object (/%s; %s) to proper version: unable to convert unstructured object to %s: error decoding from json: %w",
			c.name, object.GroupVersionKind(), object.GroupVersionKind(), err)
	}
	if c.live == nil {
		if err := s.namespaced(c); err != nil {
			return 0, nil, err
		}
		object = unborn(object)
		if errs := validate(c.kind, nil, object); len(errs) > 0 {
			return 0, nil, invalid(c.kind, c.name, errs)
		}
		return http.StatusCreated, s.done(c, object), nil
	}
	result, err := s.checked(c, object)
	return http.StatusOK, result, err
}

// wantedBy is the configuration that is applied, if it may be.
func wantedBy(c change) (*cluster.Object, error) {
	if c.manager == "" {
		return nil, apierrors.NewInvalid(metav1.SchemeGroupVersion.WithKind("PatchOptions").GroupKind(), "",
			field.ErrorList{field.Required(field.NewPath("fieldManager"), "is required for apply patch")})
	}
	wanted, err := parse(c.location, c.body)
	if err != nil {
		return nil, err
	}
	if len(wanted.GetManagedFields()) > 0 {
		return nil, apierrors.NewBadRequest("metadata.managedFields must be nil")
	}
	if c.live == nil && wanted.GetUID() != "" {
		return nil, apierrors.NewConflict(c.kind.groupResource(), c.name,
			fmt.Errorf("uid mismatch: the provided object specified uid %s, and no existing object was found", wanted.GetUID()))
	}
	if c.live != nil && wanted.GetResourceVersion() != "" && wanted.GetResourceVersion() != c.live.GetResourceVersion() {
		return nil, conflict(c.location)
	}
	return wanted, nil
}

// decoded finds what no Go type can hold.
func decoded(k *kind, object *cluster.Object) error {
	if k.name != "Secret" {
		return nil
	}
	for _, value := range objectAt(object, "data") {
		text, _ := value.(string)
		if _, err := base64.StdEncoding.DecodeString(text); err != nil {
			return err
		}
	}
	return nil
}
