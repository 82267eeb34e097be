package rollout

import (
	"context"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/cluster"
	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
	"github.com/codingbutter/team-dashboard/ci/render"
)

// mixed stands for the digest of a service whose pods run different images.
const mixed = "mixed"

// readServices looks at the pods of a slot, and compares what they run with what the release names.
func readServices(ctx context.Context, api Reader, app config.Application, environment config.Environment, slot string, r release.Release) ([]ServiceStatus, error) {
	deployments, err := api.List(ctx, "apps/v1", "Deployment", environment.Namespace, releaseSelector(app, slot))
	if err != nil {
		return nil, err
	}
	pods, err := api.List(ctx, "v1", "Pod", environment.Namespace, releaseSelector(app, slot))
	if err != nil {
		return nil, err
	}
	services := make([]ServiceStatus, len(app.Services))
	for i, service := range app.Services {
		services[i] = serviceStatus(service.Name, deployments, pods)
		services[i].AsReleased = services[i].Digest != "" && services[i].Digest == digestOf(r.Images[service.Name])
	}
	return services, nil
}

func serviceStatus(service string, deployments, pods []*cluster.Object) ServiceStatus {
	status := ServiceStatus{Name: service}
	for _, deployment := range deployments {
		if deployment.GetLabels()[render.AppLabel] == service {
			status.Desired += replicas(deployment)
		}
	}
	for _, pod := range pods {
		if pod.GetLabels()[render.AppLabel] != service || pod.GetDeletionTimestamp() != nil {
			continue
		}
		if ready(pod) {
			status.Ready++
		}
		digest, restarts := container(pod, service)
		status.Restarts += restarts
		if status.Digest == "" {
			status.Digest = digest
		} else if digest != "" && digest != status.Digest {
			status.Digest = mixed
		}
	}
	return status
}

func ready(pod *cluster.Object) bool {
	conditions, _, _ := unstructured.NestedSlice(pod.Object, "status", "conditions")
	for _, raw := range conditions {
		if condition, ok := raw.(map[string]any); ok && condition["type"] == "Ready" {
			return condition["status"] == "True"
		}
	}
	return false
}

// container finds what the service's container runs: the digest by which the pod names its image, empty before the node
// has started it. The node held what it pulled against that digest. The digest that the node reports is for pods that
// name a tag only: it is the first of all under which the node ever pulled the same image, which is another one when two
// indexes share the image of its platform (https://github.com/containerd/containerd/issues/8408).
func container(pod *cluster.Object, name string) (digest string, restarts int) {
	status := containerNamed(pod, name, "status", "containerStatuses")
	reported, _, _ := unstructured.NestedString(status, "imageID")
	count, _, _ := unstructured.NestedInt64(status, "restartCount")
	if reported == "" {
		return "", int(count)
	}
	image, _, _ := unstructured.NestedString(containerNamed(pod, name, "spec", "containers"), "image")
	if named := digestOf(image); named != "" {
		return named, int(count)
	}
	return digestOf(reported), int(count)
}

// containerNamed picks the container of that name from one of the pod's lists, nil when it is not there.
func containerNamed(pod *cluster.Object, name string, list ...string) map[string]any {
	containers, _, _ := unstructured.NestedSlice(pod.Object, list...)
	for _, raw := range containers {
		if found, ok := raw.(map[string]any); ok && found["name"] == name {
			return found
		}
	}
	return nil
}

// digestOf cuts the digest out of repository@sha256:….
func digestOf(reference string) string {
	_, digest, _ := strings.Cut(reference, "@")
	return digest
}
