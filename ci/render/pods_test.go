package render

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// as reads an object as its type, and refuses fields that the type lacks.
func as[T any](t *testing.T, object *unstructured.Unstructured) T {
	t.Helper()
	var typed T
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &typed, true), describe(object))
	return typed
}

// eachPod calls check with every pod template of every layer.
func eachPod(t *testing.T, check func(t *testing.T, pod corev1.PodTemplateSpec)) {
	for _, layer := range layers {
		for _, object := range rendered(t, layer.environment, layer.layer, layer.slot) {
			var pod corev1.PodTemplateSpec
			switch object.GetKind() {
			case "Deployment":
				pod = as[appsv1.Deployment](t, object).Spec.Template
			case "StatefulSet":
				pod = as[appsv1.StatefulSet](t, object).Spec.Template
			case "CronJob":
				pod = as[batchv1.CronJob](t, object).Spec.JobTemplate.Spec.Template
			default:
				continue
			}
			t.Run(layer.name+"/"+object.GetName(), func(t *testing.T) { check(t, pod) })
		}
	}
}

// The rules of the Pod Security Standard "restricted", which those of
// "baseline" are part of, field by field:
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
func TestPodsAreRestricted(t *testing.T) {
	eachPod(t, func(t *testing.T, pod corev1.PodTemplateSpec) {
		spec := pod.Spec
		assert.False(t, spec.HostNetwork)
		assert.False(t, spec.HostPID)
		assert.False(t, spec.HostIPC)
		for _, volume := range spec.Volumes {
			allowed := volume.ConfigMap != nil || volume.EmptyDir != nil || volume.Secret != nil || volume.Projected != nil || volume.PersistentVolumeClaim != nil
			assert.True(t, allowed, "volume %q", volume.Name)
		}
		require.NotNil(t, spec.SecurityContext)
		assert.Equal(t, new(true), spec.SecurityContext.RunAsNonRoot)
		require.NotNil(t, spec.SecurityContext.RunAsUser)
		assert.NotZero(t, *spec.SecurityContext.RunAsUser)
		assert.Empty(t, spec.SecurityContext.Sysctls)
		require.NotNil(t, spec.SecurityContext.SeccompProfile)
		assert.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, spec.SecurityContext.SeccompProfile.Type)

		for _, container := range append(spec.InitContainers, spec.Containers...) {
			context := container.SecurityContext
			require.NotNil(t, context, container.Name)
			assert.Equal(t, new(false), context.AllowPrivilegeEscalation)
			assert.Nil(t, context.Privileged)
			assert.Nil(t, context.ProcMount)
			// Nothing that the pod says is taken back for a container.
			assert.Nil(t, context.RunAsNonRoot)
			assert.Nil(t, context.RunAsUser)
			assert.Nil(t, context.SeccompProfile)
			require.NotNil(t, context.Capabilities)
			assert.Equal(t, []corev1.Capability{"ALL"}, context.Capabilities.Drop)
			assert.Empty(t, context.Capabilities.Add)
			for _, port := range container.Ports {
				assert.Zero(t, port.HostPort)
			}
		}
	})
}

// What the design asks of pods beyond the standard.
func TestPodsAreGoodCitizens(t *testing.T) {
	eachPod(t, func(t *testing.T, pod corev1.PodTemplateSpec) {
		spec := pod.Spec
		assert.Equal(t, pod.Labels[AppLabel], spec.ServiceAccountName, "an account of its own")
		assert.Equal(t, new(false), spec.AutomountServiceAccountToken)
		assert.Equal(t, new(false), spec.EnableServiceLinks)
		for _, container := range spec.Containers {
			assert.Equal(t, pod.Labels[AppLabel], container.Name)
			assert.Equal(t, new(true), container.SecurityContext.ReadOnlyRootFilesystem)
			if spec.RestartPolicy == "" { // a Job's pod serves nobody
				assert.NotNil(t, container.StartupProbe)
				assert.NotNil(t, container.ReadinessProbe)
				assert.NotNil(t, container.LivenessProbe)
			}
			for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
				request, limit := container.Resources.Requests[name], container.Resources.Limits[name]
				assert.False(t, request.IsZero(), "request of %s", name)
				assert.LessOrEqual(t, request.Cmp(limit), 0, "request of %s is within the limit", name)
			}
		}
	})
}

// A service's pod serves on while the endpoints change, spreads over nodes, and
// is never required to share or avoid one, so that one node is enough.
func TestServicePodsLeaveAndSpread(t *testing.T) {
	eachPod(t, func(t *testing.T, pod corev1.PodTemplateSpec) {
		if pod.Labels[ComponentLabel] != "service" {
			return
		}
		require.Len(t, pod.Spec.Containers, 1)
		const longestRequest = 60
		require.NotNil(t, pod.Spec.Containers[0].Lifecycle)
		require.NotNil(t, pod.Spec.Containers[0].Lifecycle.PreStop.Sleep)
		sleep := pod.Spec.Containers[0].Lifecycle.PreStop.Sleep.Seconds
		assert.GreaterOrEqual(t, sleep, int64(5))
		assert.Greater(t, *pod.Spec.TerminationGracePeriodSeconds, sleep+longestRequest)

		require.NotEmpty(t, pod.Spec.TopologySpreadConstraints)
		for _, constraint := range pod.Spec.TopologySpreadConstraints {
			assert.Equal(t, corev1.ScheduleAnyway, constraint.WhenUnsatisfiable)
			assert.Equal(t, own(pod), constraint.LabelSelector.MatchLabels)
		}
		avoid := pod.Spec.Affinity.PodAntiAffinity
		assert.Empty(t, avoid.RequiredDuringSchedulingIgnoredDuringExecution)
		require.Len(t, avoid.PreferredDuringSchedulingIgnoredDuringExecution, 1)
		assert.Equal(t, own(pod), avoid.PreferredDuringSchedulingIgnoredDuringExecution[0].PodAffinityTerm.LabelSelector.MatchLabels)
	})
}

// own are the labels that pick the pods of one service, in one slot.
func own(pod corev1.PodTemplateSpec) map[string]string {
	labels := map[string]string{AppLabel: pod.Labels[AppLabel]}
	if slot := pod.Labels[SlotLabel]; slot != "" {
		labels[SlotLabel] = slot
	}
	return labels
}

// The environment of a container is what the application's contract names, and
// every secret key that a deploy asks for has a reader.
func TestContainersGetTheirEnvironment(t *testing.T) {
	common := []string{"PORT", "HOST", "POSTGRES_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "AGENT_MANAGER_URL", "MCP_MANAGER_URL", "OPENAI_SERVICE_URL"}
	own := map[string][]string{
		"dashboard":      {"NEXTAUTH_SECRET", "NEXTAUTH_URL", "GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET"},
		"agent-manager":  {"JWT_SECRET", "GITHUB_TOKEN", "OPENAI_API_KEY"},
		"mcp-manager":    {"MCP_ENCRYPTION_KEY"},
		"openai-service": {"OPENAI_API_KEY", "OPENAI_ORG_ID"},
	}
	type key struct{ secret, key string }
	read := map[key]bool{}
	eachPod(t, func(t *testing.T, pod corev1.PodTemplateSpec) {
		var names []string
		for _, variable := range pod.Spec.Containers[0].Env {
			names = append(names, variable.Name)
			if variable.ValueFrom != nil {
				reference := variable.ValueFrom.SecretKeyRef
				require.NotNil(t, reference, variable.Name)
				if reference.Name == "secrets-rotation" {
					continue // is there only while a rotation runs
				}
				assert.Nil(t, reference.Optional, "%s: a pod without its secret must not start", variable.Name)
				read[key{reference.Name, reference.Key}] = true
			}
		}
		for _, volume := range pod.Spec.Volumes {
			if volume.Secret != nil {
				assert.Nil(t, volume.Secret.Optional, "%s: a pod without its secret must not start", volume.Name)
				for _, item := range volume.Secret.Items {
					read[key{volume.Secret.SecretName, item.Key}] = true
				}
			}
		}
		if service := pod.Labels[AppLabel]; pod.Labels[ComponentLabel] == "service" {
			assert.ElementsMatch(t, append(own[service], common...), names)
			require.Len(t, pod.Spec.Containers[0].EnvFrom, 1)
			assert.Regexp(t, `^slot-config-([a-z]+-)?[a-z0-9]{10}$`, pod.Spec.Containers[0].EnvFrom[0].ConfigMapRef.Name)
		}
	})
	declared := map[key]bool{}
	for _, environment := range config.TeamDashboard().Environments {
		for _, secret := range environment.Secrets {
			for _, k := range secret.Keys {
				declared[key{secret.Name, k.Name}] = true
			}
		}
	}
	assert.Equal(t, declared, read)
}
