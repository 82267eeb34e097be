package cluster

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The messages are those of an API server of version 1.34.
func TestImmutableFields(t *testing.T) {
	forbidden := func(at, message string) field.ErrorList {
		return field.ErrorList{field.Forbidden(field.NewPath(at), message)}
	}
	invalid := func(at string, value any, message string) field.ErrorList {
		return field.ErrorList{field.Invalid(field.NewPath(at), value, message)}
	}
	for name, test := range map[string]struct {
		causes field.ErrorList
		want   []string
	}{
		"Deployment, selector":   {invalid("spec.selector", map[string]any{"matchLabels": map[string]any{"slot": "blue"}}, "field is immutable"), []string{"spec.selector"}},
		"Job, template":          {invalid("spec.template", "{…}", "field is immutable"), []string{"spec.template"}},
		"StatefulSet":            {forbidden("spec", "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' and 'minReadySeconds' are forbidden"), []string{"spec"}},
		"Service, clusterIP":     {invalid("spec.clusterIPs[0]", []string{"None"}, "may not change once set"), []string{"spec.clusterIPs[0]"}},
		"RoleBinding, roleRef":   {invalid("roleRef", map[string]any{"Name": "r2"}, "cannot change roleRef"), []string{"roleRef"}},
		"immutable ConfigMap":    {forbidden("data", "field is immutable when `immutable` is set"), []string{"data"}},
		"volume claim":           {forbidden("spec", "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n@@ -10,7 +10,7 @@\n- \"StorageClassName\": \"none\",\n"), []string{"spec"}},
		"two, and a mistake":     {append(invalid("type", "kubernetes.io/tls", "field is immutable"), append(forbidden("data", "field is immutable when `immutable` is set"), invalid("spec.replicas", -1, "must be greater than or equal to 0")...)...), []string{"type", "data"}},
		"a mistake":              {invalid("spec.replicas", -1, "must be greater than or equal to 0"), nil},
		"a mistake of that name": {invalid("metadata.name", "immutable: no", "a lowercase RFC 1123 subdomain must consist of lower case letters"), nil},
		"nothing is given":       {field.ErrorList{field.Required(field.NewPath("spec.template"), "is immutable")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, ImmutableFields(explain("applying it", apierrors.NewInvalid(schema.GroupKind{Kind: "Thing"}, "it", test.causes))))
		})
	}
	assert.Empty(t, ImmutableFields(errors.New("spec.selector: field is immutable")))
	assert.Empty(t, ImmutableFields(apierrors.NewForbidden(schema.GroupResource{}, "it", errors.New("field is immutable"))))
	assert.Empty(t, ImmutableFields(nil))
}

func TestTakesNoDryRun(t *testing.T) {
	answer := func(code int, reason metav1.StatusReason, message string) error {
		return explain("trying out it", &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message}})
	}
	const says = `admission webhook "x.example.invalid" does not support dry run`
	assert.True(t, TakesNoDryRun(answer(http.StatusBadRequest, metav1.StatusReasonBadRequest, says)))
	assert.False(t, TakesNoDryRun(answer(http.StatusBadRequest, metav1.StatusReasonBadRequest, "json: cannot unmarshal")))
	assert.False(t, TakesNoDryRun(answer(http.StatusForbidden, metav1.StatusReasonForbidden, `admission webhook "x" denied the request: our pods does not support dry run`)))
	assert.False(t, TakesNoDryRun(nil))
}

// Another try changes nothing about a value of the wrong type, and the API server is not to blame for it.
func TestAValueOfAnotherTypeIsTheManifests(t *testing.T) {
	answer := func(message string) error {
		return explain("applying it", &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: http.StatusInternalServerError, Message: message}})
	}
	mistyped := answer("failed to create typed patch object (shop/x; apps/v1, Kind=StatefulSet): .spec.serviceName: expected string, got &value.valueUnstructured{Value:true}")
	assert.True(t, IsInvalid(mistyped))
	assert.False(t, IsTransient(mistyped))
	assert.NotContains(t, mistyped.Error(), "overloaded")
	away := answer("etcdserver: leader changed")
	assert.False(t, IsInvalid(away))
	assert.True(t, IsTransient(away))
}
