package preflight

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/codingbutter/team-dashboard/ci/cluster"
)

// forbidden is an admission's refusal of a pod.
func forbidden(pod, why string) error {
	return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, pod, errors.New(why))
}

func TestPodOf(t *testing.T) {
	template := fields{
		"metadata": fields{"labels": fields{"app": "x"}, "annotations": fields{"note": "1"}},
		"spec":     fields{"containers": []any{fields{"name": "x"}}, "volumes": []any{fields{"name": "tmp", "emptyDir": fields{}}}},
	}
	for kind, owner := range map[string]string{"Deployment": "ReplicaSet", "StatefulSet": "StatefulSet", "DaemonSet": "DaemonSet", "Job": "Job", "CronJob": "Job"} {
		t.Run(kind, func(t *testing.T) {
			spec := fields{"template": template}
			switch kind {
			case "CronJob":
				spec = fields{"jobTemplate": fields{"spec": spec}}
			case "StatefulSet":
				spec["volumeClaimTemplates"] = []any{fields{"metadata": fields{"name": "data"}}}
			}
			workload := object("apps/v1", kind, "shop", "database", fields{"spec": spec})
			before := workload.DeepCopy()
			pod := podOf(workload)
			require.NotNil(t, pod)
			assert.Equal(t, before, workload, "the manifests stay as they are")
			assert.Empty(t, pod.GetName())
			assert.Equal(t, "database-", pod.GetGenerateName())
			assert.Equal(t, "shop", pod.GetNamespace())
			assert.Equal(t, map[string]string{"app": "x"}, pod.GetLabels())
			assert.Equal(t, map[string]string{"note": "1"}, pod.GetAnnotations())
			assert.Equal(t, owner, pod.GetOwnerReferences()[0].Kind)
			volumes, _, _ := unstructured.NestedSlice(pod.Object, "spec", "volumes")
			if kind == "StatefulSet" {
				require.Len(t, volumes, 2)
				claim, _, _ := unstructured.NestedString(volumes[1].(fields), "persistentVolumeClaim", "claimName")
				assert.Equal(t, "data-database-0", claim)
			} else {
				assert.Len(t, volumes, 1)
			}
		})
	}
	assert.Nil(t, podOf(object("v1", "Service", "shop", "web", nil)))
}

// What would refuse the pods refuses the plan. The reasons are those of an API server of version 1.34.
func TestAPodThatWouldBeRefusedIsTold(t *testing.T) {
	const quota = "exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4"
	limits := object("v1", "LimitRange", "shop", "limits", fields{"spec": fields{"limits": []any{fields{"max": fields{"memory": "1Gi"}}}}})
	for name, test := range map[string]struct {
		why     error
		prepare func(s server, input *Input)
		refused bool
		warned  string
	}{
		"nothing is wrong":           {},
		"a LimitRange":               {why: forbidden("web-x7x", "[minimum cpu usage per Container is 200m, but request is 100m, maximum memory usage per Container is 256Mi, but limit is 512Mi]"), refused: true},
		"a quota that wants limits":  {why: forbidden("web-x7x", "failed quota: small: must specify limits.cpu for: web"), refused: true},
		"Pod Security":               {why: forbidden("web-x7x", `violates PodSecurity "restricted:latest": host namespaces (hostNetwork=true)`), refused: true},
		"no such priority class":     {why: forbidden("web-", "no PriorityClass with name urgent was found"), refused: true},
		"no such account":            {why: forbidden("web-", `error looking up service account shop/web: serviceaccount "web" not found`), refused: true},
		"a webhook":                  {why: forbidden("web-", `admission webhook "policy.example" denied the request: no latest tags`), refused: true},
		"the pod is wrong":           {why: apierrors.NewInvalid(schema.GroupKind{Kind: "Pod"}, "web-x7x", field.ErrorList{field.NotFound(field.NewPath("spec.containers[0].volumeMounts[0].name"), "data")}), refused: true},
		"a webhook that is away":     {why: apierrors.NewInternalError(errors.New(`failed calling webhook "x": connection refused`)), refused: true},
		"a webhook without dry runs": {why: apierrors.NewBadRequest(noDryRun), warned: "could not be tried, so nobody knows whether it would be accepted: " + noDryRun},
		"no right to ask": {why: forbidden("", `User "x" cannot create resource "pods" in API group "" in the namespace "shop"`),
			warned: "could not be tried"},
		"no room for a new Deployment": {why: forbidden("web-x7x", quota), refused: true},
		"no room beside those that run": {why: forbidden("web-x7x", quota), prepare: func(s server, _ *Input) { s.Put(deployment("web")) },
			warned: "would find no room beside those that run now: " + quota},
		"limits that this deploy raises": {why: forbidden("web-x7x", "maximum memory usage per Container is 256Mi, but limit is 512Mi"), prepare: func(s server, input *Input) {
			now := limits.DeepCopy()
			_ = unstructured.SetNestedSlice(now.Object, []any{fields{"max": fields{"memory": "256Mi"}}}, "spec", "limits")
			s.Put(now)
			input.Objects = append(input.Objects, limits)
		}, warned: "this deploy changes what the namespace allows"},
		"limits that stay": {why: forbidden("web-x7x", "maximum memory usage per Container is 256Mi, but limit is 512Mi"), prepare: func(s server, input *Input) {
			s.Put(limits)
			input.Objects = append(input.Objects, limits)
		}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			s, input := ready()
			if test.why != nil {
				s.admit["web-"] = always(test.why)
			}
			if test.prepare != nil {
				test.prepare(s, &input)
			}
			got := found(t, run(t, s, nil, input), "pods")
			assert.Equal(t, !test.refused, got.OK, got.Detail)
			if test.refused {
				assert.Contains(t, got.Detail, `Deployment "web" in namespace "shop" would get no pod: `)
				assert.NotContains(t, got.Detail, "x7x", "the name of a pod that was never there")
			}
			assert.Equal(t, test.warned == "", len(got.Warnings) == 0, got.Warnings)
			assert.Contains(t, strings.Join(got.Warnings, "; "), test.warned)
		})
	}
}

// What a pod needs and what comes with the same deploy is not missing; all else is still asked.
func TestAPodIsTriedWithoutWhatComesWithTheDeploy(t *testing.T) {
	missing := func(pod *cluster.Object) error {
		spec := pod.Object["spec"].(fields)
		switch {
		case spec["serviceAccountName"] != nil:
			return forbidden("web-", `error looking up service account shop/web: serviceaccount "web" not found`)
		case spec["priorityClassName"] != nil:
			return forbidden("web-", "no PriorityClass with name urgent was found")
		}
		return nil
	}
	account := object("v1", "ServiceAccount", "shop", "web", nil)
	class := object("scheduling.k8s.io/v1", "PriorityClass", "", "urgent", nil)
	for name, test := range map[string]struct {
		with []*cluster.Object
		then func(*cluster.Object) error
		says string
	}{
		"both come":            {[]*cluster.Object{account, class}, missing, ""},
		"the class does not":   {[]*cluster.Object{account}, missing, "no PriorityClass with name urgent was found"},
		"the account does not": {[]*cluster.Object{class}, missing, `serviceaccount "web" not found`},
		"and something else wrong": {[]*cluster.Object{account, class}, func(pod *cluster.Object) error {
			if err := missing(pod); err != nil {
				return err
			}
			return forbidden("web-x7x", "maximum memory usage")
		}, "maximum memory usage"},
		"refused for another reason": {[]*cluster.Object{account, class}, always(forbidden("web-x7x", "maximum memory usage")), "maximum memory usage"},
	} {
		t.Run(name, func(t *testing.T) {
			s, input := ready()
			require.NoError(t, unstructured.SetNestedField(input.Objects[1].Object, "urgent", "spec", "template", "spec", "priorityClassName"))
			input.Objects = append(input.Objects, test.with...)
			s.admit["web-"] = test.then
			got := found(t, run(t, s, nil, input), "pods")
			assert.Equal(t, test.says == "", got.OK)
			assert.Contains(t, got.Detail, test.says)
		})
	}
}
