package render

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The figures of the environments, as the design's table has them.
var figures = []struct {
	service     string
	port        int32
	path        string
	memory, cpu string
	min, max    int32
	// Targets of the autoscaler in percent; 0 means that it does not look at it.
	cpuTarget, memoryTarget int32
}{
	{"dashboard", 3000, "/", "512Mi", "500m", 3, 10, 70, 80},
	{"agent-manager", 3001, "/api/agents", "1Gi", "1", 2, 8, 70, 80},
	{"mcp-manager", 3002, "/api/mcp", "512Mi", "500m", 2, 4, 70, 0},
	{"openai-service", 3003, "/api/openai", "512Mi", "500m", 2, 4, 70, 0},
}

func TestFigures(t *testing.T) {
	staging := rendered(t, "staging", Slot, "")
	production := rendered(t, "production", Slot, "blue")
	for _, want := range figures {
		t.Run(want.service, func(t *testing.T) {
			rolling := as[appsv1.Deployment](t, find(t, staging, "Deployment", want.service))
			assert.Equal(t, new(int32(1)), rolling.Spec.Replicas)

			slotted := as[appsv1.Deployment](t, find(t, production, "Deployment", want.service+"-blue"))
			assert.Nil(t, slotted.Spec.Replicas, "the autoscaler's to say")

			for _, deployment := range []appsv1.Deployment{rolling, slotted} {
				container := deployment.Spec.Template.Spec.Containers[0]
				assert.Equal(t, want.memory, container.Resources.Limits.Memory().String())
				assert.Equal(t, want.cpu, container.Resources.Limits.Cpu().String())
				assert.Equal(t, []corev1.ContainerPort{{Name: "http", ContainerPort: want.port}}, container.Ports)
				assert.Equal(t, new(intstr.FromInt32(0)), deployment.Spec.Strategy.RollingUpdate.MaxUnavailable)
			}

			scaler := as[autoscalingv2.HorizontalPodAutoscaler](t, find(t, production, "HorizontalPodAutoscaler", slotted.Name))
			assert.Equal(t, autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: slotted.Name}, scaler.Spec.ScaleTargetRef)
			assert.Equal(t, new(want.min), scaler.Spec.MinReplicas)
			assert.Equal(t, want.max, scaler.Spec.MaxReplicas)
			targets := map[corev1.ResourceName]int32{}
			for _, metric := range scaler.Spec.Metrics {
				targets[metric.Resource.Name] = *metric.Resource.Target.AverageUtilization
			}
			assert.Equal(t, want.cpuTarget, targets[corev1.ResourceCPU])
			assert.Equal(t, want.memoryTarget, targets[corev1.ResourceMemory])

			// A drained node takes one pod at a time, and can take one.
			budget := as[policyv1.PodDisruptionBudget](t, find(t, production, "PodDisruptionBudget", slotted.Name))
			assert.Equal(t, want.min-1, budget.Spec.MinAvailable.IntVal)
			assert.Equal(t, slotted.Spec.Selector, budget.Spec.Selector)
		})
	}
}

func TestTheFrontDoor(t *testing.T) {
	for _, environment := range []string{"staging", "production"} {
		t.Run(environment, func(t *testing.T) {
			o := options(t, environment, Platform, "")
			ingress := as[networkingv1.Ingress](t, find(t, rendered(t, environment, Platform, ""), "Ingress", "dashboard-ingress"))
			assert.Equal(t, new("nginx"), ingress.Spec.IngressClassName)
			require.Len(t, ingress.Spec.TLS, 1)
			assert.Equal(t, o.Environment.Hosts, ingress.Spec.TLS[0].Hosts)

			var hosts []string
			for _, rule := range ingress.Spec.Rules {
				hosts = append(hosts, rule.Host)
				assert.Equal(t, ingress.Spec.Rules[0].HTTP, rule.HTTP)
			}
			assert.Equal(t, o.Environment.Hosts, hosts)
			address, err := url.Parse(o.Environment.URL)
			require.NoError(t, err)
			assert.Equal(t, address.Host, hosts[0])

			for i, want := range figures {
				path := ingress.Spec.Rules[0].HTTP.Paths[i]
				assert.Equal(t, want.path, path.Path)
				assert.Equal(t, want.service, path.Backend.Service.Name)
			}
		})
	}
}

func find(t *testing.T, objects []*unstructured.Unstructured, kind, name string) *unstructured.Unstructured {
	t.Helper()
	object := (&checks{objects: objects}).find(kind, name)
	require.NotNil(t, object, "%s %q", kind, name)
	return object
}

// The smallest cluster has one node with 2 CPUs. Staging and both slots of
// production with all replicas that their autoscalers may ask for must find
// room on it, and leave a tenth to the system's pods.
func TestEverythingFitsTwoCPUs(t *testing.T) {
	total := resource.Quantity{}
	for _, layer := range layers {
		replicas := map[string]int32{}
		objects := rendered(t, layer.environment, layer.layer, layer.slot)
		for _, object := range objects {
			if object.GetKind() == "HorizontalPodAutoscaler" {
				replicas[object.GetName()] = as[autoscalingv2.HorizontalPodAutoscaler](t, object).Spec.MaxReplicas
			}
		}
		for _, object := range objects {
			for _, container := range containers(object) {
				request, _, err := unstructured.NestedString(container, "resources", "requests", "cpu")
				require.NoError(t, err)
				for range max(1, replicas[object.GetName()]) {
					total.Add(resource.MustParse(request))
				}
			}
		}
	}
	assert.LessOrEqual(t, total.MilliValue(), int64(1800))
}
