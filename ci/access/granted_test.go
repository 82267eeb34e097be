package access

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/cluster/clustertest"
	"github.com/codingbutter/team-dashboard/ci/config"
)

// role is the administrator's, with the given rights.
func role(verbs ...any) *cluster.Object {
	return &cluster.Object{Object: map[string]any{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
		"metadata": map[string]any{"name": "deployer", "namespace": "shop", "labels": map[string]any{"app.kubernetes.io/component": "access"}},
		"rules":    []any{map[string]any{"resources": []any{"pods"}, "verbs": verbs}},
	}}
}

func TestWhatTheAdministratorMadeIsLeftAlone(t *testing.T) {
	server := clustertest.NewServer()
	granted := func(object *cluster.Object) bool {
		found, err := Granted(t.Context(), server.NewClient().Cluster(), object)
		require.NoError(t, err)
		return found
	}
	assert.False(t, granted(role("get")), "it is not there")

	live := role("get", "list")
	server.Put(live)
	assert.True(t, granted(role("get", "list")))
	assert.False(t, granted(role("get")), "a right less")
	assert.False(t, granted(role("get", "watch")), "another right")

	hidden := clustertest.NewServer()
	hidden.Put(live)
	hidden.Forbid("Role")
	found, err := Granted(t.Context(), hidden.NewClient().Cluster(), role("get"))
	require.NoError(t, err, "to apply it says what is wrong")
	assert.False(t, found)

	pipelines := role("get", "list")
	pipelines.SetLabels(map[string]string{"app.kubernetes.io/component": "service"})
	assert.False(t, granted(pipelines), "it is the pipeline's own")
}

func TestOwnership(t *testing.T) {
	namespace := func(labels map[string]string) *cluster.Object {
		object := &cluster.Object{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "shop"}}}
		object.SetLabels(labels)
		return object
	}
	own := namespace(map[string]string{"app.kubernetes.io/part-of": "shop"})
	going := namespace(map[string]string{"app.kubernetes.io/part-of": "shop"})
	going.SetDeletionTimestamp(&metav1.Time{Time: time.Unix(1, 0)})
	for name, test := range map[string]struct {
		namespace *cluster.Object
		hidden    bool
		exists    bool
		says      []string
	}{
		"the application's own":  {own, false, true, nil},
		"none yet":               {nil, false, false, nil},
		"nobody's":               {namespace(nil), false, true, []string{"nobody is named as its owner", "kubectl label namespace shop --overwrite app.kubernetes.io/part-of=shop"}},
		"something else's":       {namespace(map[string]string{"app.kubernetes.io/part-of": "bank"}), false, true, []string{`it belongs to "bank"`, "use another cluster"}},
		"on its way out":         {going, false, true, []string{"is being deleted"}},
		"hidden from a stranger": {own, true, false, []string{"kubectl apply -k k8s/environments/production/platform -l app.kubernetes.io/component=access"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := clustertest.NewServer()
			if test.namespace != nil {
				server.Put(test.namespace)
			}
			if test.hidden {
				server.Forbid("Namespace")
			}
			exists, err := Ownership(t.Context(), server.NewClient().Cluster(), config.Environment{Name: "production", Namespace: "shop"}, "shop")
			assert.Equal(t, test.exists, exists)
			assert.Equal(t, test.says == nil, err == nil, err)
			for _, say := range test.says {
				assert.ErrorContains(t, err, say)
			}
		})
	}
}
