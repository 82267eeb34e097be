package render

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// containers are those of an object's pod template, init containers included;
// none for objects without one. They are the object's own, not copies.
func containers(object *unstructured.Unstructured) []map[string]any {
	pod := []string{"spec", "template", "spec"}
	if object.GetKind() == "CronJob" {
		pod = append([]string{"spec", "jobTemplate"}, pod...)
	}
	var found []map[string]any
	for _, field := range []string{"initContainers", "containers"} {
		value, _, _ := unstructured.NestedFieldNoCopy(object.Object, append(pod[:len(pod):len(pod)], field)...)
		list, _ := value.([]any)
		for _, entry := range list {
			if container, ok := entry.(map[string]any); ok {
				found = append(found, container)
			}
		}
	}
	return found
}

// Images lists the images that objects run, each once.
func Images(objects []*unstructured.Unstructured) []string {
	var images []string
	for _, object := range objects {
		for _, container := range containers(object) {
			if image, _ := container["image"].(string); !slices.Contains(images, image) {
				images = append(images, image)
			}
		}
	}
	return images
}
