package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/codingbutter/team-dashboard/ci/config"
	"github.com/codingbutter/team-dashboard/ci/release"
)

// LayerName names a part of an environment that is applied as a whole.
type LayerName string

const (
	// Platform is the namespace, accounts, policies, stable Services and ingress.
	Platform LayerName = "platform"
	// Data is what keeps state: applied by a deploy, never pruned.
	Data LayerName = "data"
	// Slot is one set of the services, of one release.
	Slot LayerName = "slot"
)

// Layers lists all layers in the order in which an empty cluster needs them.
var Layers = []LayerName{Platform, Data, Slot}

// Options say what to render.
type Options struct {
	// Dir is the folder of the manifests, the one that holds environments/: k8s
	// in the repository.
	Dir string
	// Application says which services the result is checked for.
	Application config.Application
	Environment config.Environment
	Layer       LayerName
	// Slot is one of the environment's slots; empty where it has none. Only the
	// slot layer looks at it.
	Slot string
	// Release is what the slot layer runs. The other layers do not look at it.
	Release release.Release
}

func (o Options) validate() error {
	if !slices.Contains(Layers, o.Layer) {
		return fmt.Errorf("rendering %q: no layer of that name; known are %q", o.Layer, Layers)
	}
	if len(o.Application.Services) == 0 {
		return fmt.Errorf("rendering %s: no application given, so nothing says which services it needs", o.describe())
	}
	if o.Layer != Slot {
		return nil
	}
	switch slots := o.Environment.Slots; {
	case len(slots) == 0 && o.Slot != "":
		return fmt.Errorf("rendering %s: %s has no slots; leave the slot empty", o.describe(), o.Environment.Name)
	case len(slots) > 0 && !slices.Contains(slots, o.Slot):
		return fmt.Errorf("rendering the slot layer of %s: slot %q is unknown; known are %s", o.Environment.Name, o.Slot, strings.Join(slots, ", "))
	case o.Release.Version == "":
		return fmt.Errorf("rendering %s: no release given; the images of a slot come from a release", o.describe())
	}
	return nil
}

// relative is the path of the layer's kustomization in the folder of the manifests.
func (o Options) relative() string {
	environment := "environments/" + o.Environment.Name
	if o.Layer == Slot && o.Slot != "" {
		return environment + "/slots/" + o.Slot
	}
	return environment + "/" + string(o.Layer)
}

func (o Options) kustomization() string {
	return root + "/" + o.relative()
}

// describe names what is rendered, for errors.
func (o Options) describe() string {
	if o.Layer == Slot && o.Slot != "" {
		return fmt.Sprintf("the %s slot of %s", o.Slot, o.Environment.Name)
	}
	return fmt.Sprintf("the %s layer of %s", o.Layer, o.Environment.Name)
}

// suffix ends the names of all objects of the slot.
func (o Options) suffix() string {
	if o.Slot == "" {
		return ""
	}
	return "-" + o.Slot
}
