package preflight

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// role is the administrator's, with the given rights.
func role(verbs ...any) *cluster.Object {
	made := object("rbac.authorization.k8s.io/v1", "Role", "shop", "deployer", map[string]any{
		"rules": []any{map[string]any{"resources": []any{"pods"}, "verbs": verbs}}})
	made.SetLabels(map[string]string{"app.kubernetes.io/component": "access"})
	return made
}

func TestWhatTheAdministratorMadeIsLeftAlone(t *testing.T) {
	s, _ := ready(t)
	granted := func(object *cluster.Object) bool {
		found, err := Granted(t.Context(), s, object)
		require.NoError(t, err)
		return found
	}
	assert.False(t, granted(role("get")), "it is not there")

	live := role("get", "list")
	live.SetUID("given by the server")
	s.objects[cluster.RefOf(live)] = live
	assert.True(t, granted(role("get", "list")))
	assert.False(t, granted(role("get")), "a right less")
	assert.False(t, granted(role("get", "watch")), "another right")

	pipelines := role("get", "list")
	pipelines.SetLabels(map[string]string{"app.kubernetes.io/component": "service"})
	assert.False(t, granted(pipelines), "it is the pipeline's own")
}

// stranger may neither see nor change anything.
type stranger struct{ server }

func (stranger) Get(_ context.Context, ref cluster.Ref) (*cluster.Object, error) {
	return nil, apierrors.NewForbidden(schema.GroupResource{Resource: ref.Kind}, ref.Name, nil)
}

func (s stranger) Apply(ctx context.Context, object *cluster.Object, _ cluster.ApplyOptions) (*cluster.Object, error) {
	return s.Get(ctx, cluster.RefOf(object))
}

func TestWhoIsNoDeployerIsToldWhatTheAdministratorRuns(t *testing.T) {
	s, input := ready(t)
	input.Objects = append(input.Objects, role("get"))
	_, err := Ownership(t.Context(), stranger{s}, input.Environment, "shop")
	var refused *GrantError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, "kubectl apply -k k8s/environments/production/platform -l app.kubernetes.io/component=access", refused.Fix())

	inspector := inspector{api: stranger{s}, Input: input}
	assert.Contains(t, inspector.dryRun(t.Context(), role("get")), refused.Fix())
	assert.NotContains(t, inspector.dryRun(t.Context(), input.Objects[1]), refused.Fix(), "a Deployment is the pipeline's own")
}

func TestAChangeThatNoStatefulSetAllowsIsExplained(t *testing.T) {
	forbidden := field.ErrorList{field.Forbidden(field.NewPath("spec"), "updates to statefulset spec for fields other than 'replicas' are forbidden")}
	err := apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "database", forbidden)
	store := object("apps/v1", "StatefulSet", "shop", "database", nil)
	assert.ErrorContains(t, Refused(err, store, config.Environment{}), "kubectl -n shop delete statefulset database --cascade=orphan")

	wrong := apierrors.NewInvalid(schema.GroupKind{Group: "apps", Kind: "StatefulSet"}, "database", field.ErrorList{field.Required(field.NewPath("spec"), "")})
	assert.Equal(t, error(wrong), Refused(wrong, store, config.Environment{}), "any other mistake is what it is")
}
