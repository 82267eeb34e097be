package preflight

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/access"
	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
)

const noDryRun = `admission webhook "x.example.invalid" does not support dry run`

func invalid(object *cluster.Object, causes ...*field.Error) error {
	return apierrors.NewInvalid(object.GroupVersionKind().GroupKind(), object.GetName(), causes)
}

func TestAnObjectThatCannotBeTriedIsNoBadManifest(t *testing.T) {
	s, input := ready()
	s.admit["web"], s.admit["web-"] = always(apierrors.NewBadRequest(noDryRun)), always(apierrors.NewBadRequest(noDryRun))
	report := run(t, s, nil, input)
	require.NoError(t, report.Err())
	assert.Equal(t, []string{
		`manifests: Deployment "web" in namespace "shop" could not be tried, so nobody knows whether it would be accepted: ` + noDryRun,
		`pods: a pod of Deployment "web" in namespace "shop" could not be tried, so nobody knows whether it would be accepted: ` + noDryRun,
	}, report.Warnings())
	assert.Equal(t, "1 objects accepted by a server-side dry run; 1 could not be tried", found(t, report, "manifests").Detail)
}

// Only what the API server finds wrong in an object is a matter of the manifests.
func TestTheManifestsAreBlamedForTheirOwnMistakesOnly(t *testing.T) {
	s, input := ready()
	s.admit["web"] = always(apierrors.NewInternalError(errors.New(`failed calling webhook "x": connection refused`)))
	assert.NotContains(t, run(t, s, nil, input).Err().Error(), "correct the manifests")
	s.admit["web"] = always(invalid(input.Objects[1], field.Invalid(field.NewPath("spec.replicas"), -1, "must be greater than or equal to 0")))
	assert.ErrorContains(t, run(t, s, nil, input).Err(), "correct the manifests")
}

func TestWhatTheAPIServerWarnsOfIsTold(t *testing.T) {
	s, input := ready()
	s.warned["web"] = `would violate PodSecurity "restricted:latest"`
	report := run(t, s, nil, input)
	require.NoError(t, report.Err(), "whether its pods are admitted is asked pod by pod")
	assert.Equal(t, []string{`manifests: Deployment "web" in namespace "shop": would violate PodSecurity "restricted:latest"`}, report.Warnings())
}

func TestWhatCannotBeChangedIsRefusedByName(t *testing.T) {
	immutable := func(at string) *field.Error { return field.Invalid(field.NewPath(at), "{…}", "field is immutable") }
	set := func(size, replicas any) *cluster.Object {
		return object("apps/v1", "StatefulSet", "shop", "database", fields{"spec": fields{"replicas": replicas,
			"template":             fields{"spec": fields{"containers": []any{fields{"name": "database", "image": "registry.example/database:17@sha256:abc"}}}},
			"volumeClaimTemplates": []any{fields{"metadata": fields{"name": "data"}, "spec": fields{"size": size}}}}})
	}
	for name, test := range map[string]struct {
		live, wanted *cluster.Object
		cause        *field.Error
		says         []string
	}{
		"the selector of a Deployment": {nil, deployment("api"), immutable("spec.selector"),
			[]string{`Deployment "api" in namespace "shop" is there, and its spec.selector cannot be changed`, "undo the change in the manifests", "kubectl -n shop delete deployment api"}},
		"the volumes of a StatefulSet": {set("1Gi", int64(1)), set("2Gi", int64(2)),
			field.Forbidden(field.NewPath("spec"), "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template' are forbidden"),
			[]string{`StatefulSet "database" in namespace "shop" is there, and its spec.volumeClaimTemplates cannot be changed`, "kubectl -n shop delete statefulset database --cascade=orphan"}},
		"a StatefulSet that nobody may read": {nil, set("2Gi", int64(2)),
			field.Forbidden(field.NewPath("spec"), "updates to statefulset spec for fields other than 'replicas' are forbidden"),
			[]string{"its spec cannot be changed"}},
		"the class of a volume": {object("v1", "PersistentVolumeClaim", "shop", "data", fields{"spec": fields{"storageClassName": "slow", "volumeName": "pv-1"}}),
			object("v1", "PersistentVolumeClaim", "shop", "data", fields{"spec": fields{"storageClassName": "fast"}}),
			field.Forbidden(field.NewPath("spec"), "spec is immutable after creation except resources.requests\n@@ -10,7 +10,7 @@\n"),
			[]string{"its spec.storageClassName cannot be changed", "lose what it holds"}},
		"the address of a Service": {nil, object("v1", "Service", "shop", "api", nil), field.Invalid(field.NewPath("spec.clusterIPs[0]"), []string{"None"}, "may not change once set"),
			[]string{`Service "api" in namespace "shop" is there, and its spec.clusterIPs[0] cannot be changed`, "delete service api"}},
		"whom a RoleBinding gives rights": {nil, object("rbac.authorization.k8s.io/v1", "RoleBinding", "shop", "reader", nil), field.Invalid(field.NewPath("roleRef"), "r2", "cannot change roleRef"),
			[]string{`RoleBinding "reader"`, "its roleRef cannot be changed", "delete rolebinding reader"}},
		"a ConfigMap that must not change": {nil, object("v1", "ConfigMap", "shop", "settings", nil), field.Forbidden(field.NewPath("data"), "field is immutable when `immutable` is set"),
			[]string{`ConfigMap "settings"`, "its data cannot be changed", "give the new one a name of its own"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, input := ready()
			if test.live != nil {
				s.Put(test.live)
			}
			input.Idle, input.Objects = "green", append(input.Objects, test.wanted)
			s.admit[test.wanted.GetName()] = always(invalid(test.wanted, test.cause))
			report := run(t, s, nil, input)
			for _, say := range test.says {
				assert.ErrorContains(t, report.Err(), say)
			}
			assert.NotContains(t, report.Err().Error(), "\n")
			assert.NotContains(t, report.Err().Error(), "correct the manifests")
			assert.Empty(t, report.Recreate)
		})
	}
}

// In the slot that has no traffic nothing is lost by making an object anew.
func TestWhatTheIdleSlotCannotChangeIsMadeAnew(t *testing.T) {
	for slot, anew := range map[string]bool{"green": true, "blue": false, "": false} {
		s, input := ready()
		web := deployment("web-green")
		if slot != "" {
			web.SetLabels(map[string]string{"team-dashboard.app/slot": slot})
		}
		input.Idle, input.Objects = "green", append(input.Objects, web)
		s.admit["web-green"] = always(invalid(web, field.Invalid(field.NewPath("spec.selector"), "{…}", "field is immutable")))
		report := run(t, s, nil, input)
		if !anew {
			assert.Error(t, report.Err(), "in slot %q", slot)
			assert.Empty(t, report.Recreate)
			continue
		}
		require.NoError(t, report.Err())
		assert.Equal(t, []cluster.Ref{cluster.RefOf(web)}, report.Recreate)
		assert.Equal(t, []string{`manifests: Deployment "web-green" in namespace "shop" will be made anew, since its spec.selector cannot be changed`}, report.Warnings())
	}
}

func TestWhatKeepsStateIsNeverMadeAnew(t *testing.T) {
	s, input := ready()
	volume := object("v1", "PersistentVolumeClaim", "shop", "uploads-green", fields{"spec": fields{"storageClassName": "fast"}})
	volume.SetLabels(map[string]string{"app.kubernetes.io/part-of": "shop", "team-dashboard.app/slot": "green"})
	input.Idle, input.Objects = "green", append(input.Objects, volume)
	s.admit["uploads-green"] = always(invalid(volume, field.Forbidden(field.NewPath("spec"), "spec is immutable after creation")))
	report := run(t, s, nil, input)
	assert.ErrorContains(t, report.Err(), "lose what it holds")
	assert.Empty(t, report.Recreate)
}

func TestRefused(t *testing.T) {
	grant := object("rbac.authorization.k8s.io/v1", "Role", "shop", "deployer", nil)
	grant.SetLabels(map[string]string{"app.kubernetes.io/component": "access"})
	denied := apierrors.NewForbidden(schema.GroupResource{Resource: "roles"}, "deployer", errors.New("cannot patch"))
	var administrator *access.GrantError
	require.ErrorAs(t, Refused(denied, grant, config.Environment{Name: "production"}), &administrator)
	assert.Equal(t, "kubectl apply -k k8s/environments/production/platform -l app.kubernetes.io/component=access", administrator.Fix())
	assert.Equal(t, error(denied), Refused(denied, deployment("web"), config.Environment{}), "the pipeline's own")

	wrong := invalid(deployment("web"), field.Required(field.NewPath("spec"), ""))
	assert.Equal(t, wrong, Refused(wrong, deployment("web"), config.Environment{}), "any other mistake is what it is")
	unchangeable := Refused(invalid(deployment("web"), field.Invalid(field.NewPath("spec.selector"), "", "field is immutable")), deployment("web"), config.Environment{})
	assert.True(t, cluster.IsInvalid(unchangeable))
	assert.NoError(t, Refused(nil, grant, config.Environment{}))
}
