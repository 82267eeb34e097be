package kinds_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/codingbutter/team-dashboard/ci/cluster/kinds"
)

func TestFieldsAreThoseOfTheAPI(t *testing.T) {
	for _, pair := range []struct{ ours, api any }{
		{kinds.Pod{}, corev1.Pod{}},
		{kinds.Secret{}, corev1.Secret{}},
		{kinds.Event{}, corev1.Event{}},
		{kinds.ResourceQuota{}, corev1.ResourceQuota{}},
		{kinds.Deployment{}, appsv1.Deployment{}},
		{kinds.ReplicaSet{}, appsv1.ReplicaSet{}},
		{kinds.StatefulSet{}, appsv1.StatefulSet{}},
		{kinds.DaemonSet{}, appsv1.DaemonSet{}},
		{kinds.Job{}, batchv1.Job{}},
		{kinds.Lease{}, coordinationv1.Lease{}},
		{kinds.List[kinds.Pod]{}, corev1.PodList{}},
	} {
		ours := reflect.TypeOf(pair.ours)
		same(t, ours.Name(), ours, reflect.TypeOf(pair.api))
	}
}

// same reports where JSON that the API's type writes would not be read into ours.
func same(t *testing.T, path string, ours, api reflect.Type) {
	t.Helper()
	ours, api = pointed(ours), pointed(api)
	if ours == api || !assert.Equal(t, api.Kind().String(), ours.Kind().String(), path) {
		return
	}
	switch ours.Kind() {
	case reflect.Slice, reflect.Map:
		same(t, path+"[]", ours.Elem(), api.Elem())
	case reflect.Struct:
		there := fields(api)
		for name, field := range fields(ours) {
			if assert.Contains(t, there, name, path) {
				same(t, path+"."+name, field, there[name])
			}
		}
	}
}

func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// fields are the types of a struct's fields by their names in JSON, with those of structs that have no name there.
func fields(of reflect.Type) map[string]reflect.Type {
	all := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(of) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			all[name] = field.Type
		}
	}
	return all
}

func TestConstantsAreThoseOfTheAPI(t *testing.T) {
	for _, same := range [][2]string{
		{kinds.PodScheduled, string(corev1.PodScheduled)},
		{kinds.PodReady, string(corev1.PodReady)},
		{kinds.DisruptionTarget, string(corev1.DisruptionTarget)},
		{kinds.PodSucceeded, string(corev1.PodSucceeded)},
		{kinds.PodFailed, string(corev1.PodFailed)},
		{kinds.RestartAlways, string(corev1.ContainerRestartPolicyAlways)},
		{kinds.DeploymentProgressing, string(appsv1.DeploymentProgressing)},
		{kinds.DeploymentReplicaFailure, string(appsv1.DeploymentReplicaFailure)},
		{kinds.JobComplete, string(batchv1.JobComplete)},
		{kinds.JobSuccessCriteriaMet, string(batchv1.JobSuccessCriteriaMet)},
		{kinds.JobFailed, string(batchv1.JobFailed)},
		{kinds.JobFailureTarget, string(batchv1.JobFailureTarget)},
		{kinds.ResourceCPU, string(corev1.ResourceCPU)},
		{kinds.ResourceMemory, string(corev1.ResourceMemory)},
		{kinds.ResourcePods, string(corev1.ResourcePods)},
		{kinds.EventTypeNormal, corev1.EventTypeNormal},
		{kinds.EventTypeWarning, corev1.EventTypeWarning},
	} {
		assert.Equal(t, same[1], same[0])
	}
	assert.Equal(t, corev1.MaxSecretSize, kinds.MaxSecretSize)
}
