package clustertest

import (
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// refuse answers an error as the API server words it.
func refuse(request *http.Request, err error) *http.Response {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		status = &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: err.Error()}}
	}
	answer := status.Status()
	answer.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
	response := respond(request, int(answer.Code), answer)
	if seconds, ok := apierrors.SuggestsClientDelay(err); ok {
		response.Header.Set("Retry-After", fmt.Sprint(seconds))
	}
	return response
}

func notFound(at location) error { return apierrors.NewNotFound(at.kind.groupResource(), at.name) }

func unknownPath() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource", Details: &metav1.StatusDetails{}}}
}

func conflict(at location) error {
	return apierrors.NewConflict(at.kind.groupResource(), at.name, errors.New("the object has been modified; please apply your changes to the latest version and try again"))
}

func forbidden(request *http.Request, at location) error {
	resource := at.kind.plural
	if at.subresource != "" {
		resource += "/" + at.subresource
	}
	where := "at the cluster scope"
	if at.namespace != "" {
		where = fmt.Sprintf("in the namespace %q", at.namespace)
	}
	group := at.kind.groupVersion().Group
	verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete"}[request.Method]
	if verb == "get" && at.name == "" {
		verb = "list"
	}
	return apierrors.NewForbidden(schema.GroupResource{Group: group, Resource: resource}, at.name,
		fmt.Errorf("User %q cannot %s resource %q in API group %q %s", "test", verb, resource, group, where))
}

func invalid(k *kind, name string, errs field.ErrorList) error {
	return apierrors.NewInvalid(k.groupKind(), name, errs)
}
