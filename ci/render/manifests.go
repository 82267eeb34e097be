package render

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// Manifests renders a whole environment at a release as a folder for
// `kubectl apply -k`: the content of each file by its path, one folder a layer
// and one file an object. The stable Services select the given slot, so in an
// environment with slots apply the folder slot first, wait until it is ready,
// and then the whole. The layer of the options does not matter.
func Manifests(ctx context.Context, options Options, pin Pinner) (map[string][]byte, error) {
	folder := map[string][]byte{}
	resources := []string{}
	for _, layer := range Layers {
		options.Layer = layer
		objects, err := Layer(ctx, options)
		if err != nil {
			return nil, err
		}
		if err := Pin(ctx, objects, pin); err != nil {
			return nil, fmt.Errorf("pinning the images of %s: %w", options.describe(), err)
		}
		if layer == Platform {
			selectSlot(objects, options.Slot)
		}
		if err := addLayer(folder, layer, objects); err != nil {
			return nil, err
		}
		resources = append(resources, string(layer))
	}
	return folder, addKustomization(folder, "", resources)
}

func addLayer(folder map[string][]byte, layer LayerName, objects []*unstructured.Unstructured) error {
	names := make([]string, 0, len(objects))
	for _, object := range objects {
		name := strings.ToLower(object.GetKind()) + "-" + object.GetName() + ".yaml"
		folder[string(layer)+"/"+name] = document(object)
		names = append(names, name)
	}
	return addKustomization(folder, string(layer)+"/", names)
}

func addKustomization(folder map[string][]byte, prefix string, resources []string) error {
	data, err := yaml.Marshal(types.Kustomization{
		TypeMeta:  types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources: resources,
	})
	if err != nil {
		return fmt.Errorf("writing %skustomization.yaml: %w", prefix, err)
	}
	folder[prefix+"kustomization.yaml"] = data
	return nil
}

// selectSlot turns the stable Services of the platform to a slot. Services
// whose selectors do not speak of slots stay as they are.
func selectSlot(platform []*unstructured.Unstructured, slot string) {
	for _, object := range platform {
		if object.GetKind() != "Service" {
			continue
		}
		selector, _, _ := unstructured.NestedStringMap(object.Object, "spec", "selector")
		if _, found := selector[SlotLabel]; found {
			selector[SlotLabel] = slot
			_ = unstructured.SetNestedStringMap(object.Object, selector, "spec", "selector")
		}
	}
}
