package render

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/codingbutter/team-dashboard/ci/config"
)

// UnfitError says that manifests build, but not to what a deploy needs.
type UnfitError struct {
	// Rendered names the layer.
	Rendered string
	// Problems are all that was found, each naming its object.
	Problems []string
}

func (e *UnfitError) Error() string {
	return fmt.Sprintf("rendering %s: %s; correct the manifests, or give a release that fits them", e.Rendered, strings.Join(e.Problems, "; "))
}

// checks collects what is wrong with the objects of a layer.
type checks struct {
	Options
	objects  []*unstructured.Unstructured
	problems []string
}

func check(objects []*unstructured.Unstructured, options Options) []string {
	c := &checks{Options: options, objects: objects}
	for _, object := range objects {
		c.ownership(object)
	}
	for _, service := range options.Application.Services {
		switch options.Layer {
		case Platform:
			c.stableService(service)
		case Slot:
			c.deployment(service)
			c.slotService(service)
		}
	}
	if options.Layer == Slot {
		c.pinned()
	}
	return c.problems
}

// ownership holds of every object of every layer.
func (c *checks) ownership(object *unstructured.Unstructured) {
	name := describe(object)
	if object.GetLabels()[PartOfLabel] != c.Application.Name {
		c.add("%s lacks the label %s=%s", name, PartOfLabel, c.Application.Name)
	}
	if namespace := object.GetNamespace(); namespace != "" && namespace != c.Environment.Namespace {
		c.add("%s is in namespace %q, not in %q", name, namespace, c.Environment.Namespace)
	}
	if object.GetKind() == "Namespace" && object.GetName() != c.Environment.Namespace {
		c.add("%s is not the environment's %q", name, c.Environment.Namespace)
	}
	if object.GetKind() == "Secret" {
		c.add("%s is among the manifests, where no secret value belongs", name)
	}
}

// stableService expects the Service that the ingress routes to.
func (c *checks) stableService(service config.Service) {
	object := c.find("Service", service.Name)
	if object == nil {
		c.add("the stable Service %q is missing", service.Name)
		return
	}
	selector, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
	if selector[AppLabel] != service.Name {
		c.add("%s does not select %s=%s", describe(object), AppLabel, service.Name)
	}
	if blueGreen := len(c.Environment.Slots) > 0; blueGreen != (selector[SlotLabel] != "") {
		c.add("%s must select by %s in an environment with slots, and only there", describe(object), SlotLabel)
	}
	c.port(object, service)
}

// slotService expects the slot's own Service, where there are slots.
func (c *checks) slotService(service config.Service) {
	if c.Slot == "" {
		return
	}
	object := c.find("Service", service.Name+c.suffix())
	if object == nil {
		c.add("the slot's Service %q is missing", service.Name+c.suffix())
		return
	}
	c.selects(object, service, "spec", "selector")
	c.port(object, service)
}

// deployment expects the Deployment of a service, with the release's image.
func (c *checks) deployment(service config.Service) {
	object := c.find("Deployment", service.Name+c.suffix())
	if object == nil {
		c.add("Deployment %q is missing", service.Name+c.suffix())
		return
	}
	c.selects(object, service, "spec", "selector", "matchLabels")
	want := c.Release.Images[service.Name]
	runs := func(container map[string]any) bool {
		return container["name"] == service.Name && container["image"] == want
	}
	if want != "" && !slices.ContainsFunc(containers(object), runs) {
		c.add("%s does not run %q in a container %q", describe(object), want, service.Name)
	}
}

// selects expects that a selector picks the pods of the service in this slot,
// and no others.
func (c *checks) selects(object *unstructured.Unstructured, service config.Service, path ...string) {
	selector, _, _ := unstructured.NestedStringMap(object.Object, path...)
	if selector[AppLabel] != service.Name || selector[SlotLabel] != c.Slot {
		c.add("%s selects %v, needs %s=%s and %s=%q", describe(object), selector, AppLabel, service.Name, SlotLabel, c.Slot)
	}
}

// port expects that a Service listens where the other services look for it.
func (c *checks) port(object *unstructured.Unstructured, service config.Service) {
	ports, _, _ := unstructured.NestedSlice(object.Object, "spec", "ports")
	for _, port := range ports {
		if fields, ok := port.(map[string]any); ok && fields["port"] == int64(service.Port) {
			return
		}
	}
	c.add("%s does not listen on port %d", describe(object), service.Port)
}

// pinned expects that nothing in the slot runs what the release does not name.
func (c *checks) pinned() {
	for _, object := range c.objects {
		for _, container := range containers(object) {
			image, _ := container["image"].(string)
			if !c.released(image) {
				c.add("%s: image %q of container %q is not in release %s by digest", describe(object), image, container["name"], c.Release.Version)
			}
		}
	}
}

func (c *checks) released(image string) bool {
	if !strings.Contains(image, "@sha256:") {
		return false
	}
	for _, pinned := range c.Release.Images {
		if image == pinned {
			return true
		}
	}
	return false
}

func (c *checks) find(kind, name string) *unstructured.Unstructured {
	for _, object := range c.objects {
		if object.GetKind() == kind && object.GetName() == name {
			return object
		}
	}
	return nil
}

func (c *checks) add(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func describe(object *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %q", object.GetKind(), object.GetName())
}
