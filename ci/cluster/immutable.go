package cluster

import (
	"errors"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// unchangeable are the words in which the API server says that a field keeps its value for the object's life: there is
// no code for it. Their places are k8s.io/kubernetes/pkg/apis/*/validation, and each kind has words of its own.
var unchangeable = regexp.MustCompile(`immutable|(may|can) ?not (be )?(change|update|modif|unset)|updates to .* are forbidden`)

// ImmutableFields are the fields of an object that a refused change would have had to change, and that Kubernetes lets
// nobody change: only a new object could have them otherwise. None for any other error.
func ImmutableFields(err error) []string {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return nil
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		if isUnchangeable(cause) {
			fields = append(fields, cause.Field)
		}
	}
	return fields
}

func isUnchangeable(cause metav1.StatusCause) bool {
	// What precedes the reason may hold the value, and what follows it a comparison.
	message, _, _ := strings.Cut(cause.Message, "\n")
	reason := message[strings.LastIndex(message, ": ")+1:]
	return (cause.Type == metav1.CauseTypeFieldValueInvalid || cause.Type == forbidden) && unchangeable.MatchString(reason)
}

// forbidden is the type of a cause that apimachinery has no constant for (k8s.io/apimachinery/pkg/util/validation/field).
const forbidden = metav1.CauseType(field.ErrorTypeForbidden)
